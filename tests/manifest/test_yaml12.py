"""YAML read strictly: what each text is, what is refused, with and without libyaml."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgebuild.manifest import yaml12
from edgebuild.manifest.yaml12 import parse

BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in range(98, 106)
)


@pytest.fixture(params=["libyaml", "own"])
def parser(request, monkeypatch):
    """Both parsers, one after the other."""
    if request.param == "own":
        monkeypatch.setattr(yaml12, "CParser", None)
    return request.param


def value(text):
    document, problems = parse(text.encode(), "m.yaml")
    assert not problems, "\n".join(map(str, problems))
    return document.value


def refusal(data):
    """The whole text of the only problem."""
    _, problems = parse(data if isinstance(data, bytes) else data.encode(), "m.yaml")
    assert len(problems) == 1, "\n".join(map(str, problems))
    return str(problems[0]) + "\n"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("0777", "0777"),
        ("-012", "-012"),
        ("12:30:45", "12:30:45"),
        ("2026-12-31", "2026-12-31"),
        ("1_000", "1_000"),
        ("1.2.0", "1.2.0"),
        ("1" * 64, "1" * 64),
        ("1" * 32 + "e" + "2" * 31, "1" * 32 + "e" + "2" * 31),
        ("nan", "nan"),
        ("2 MB", "2 MB"),
        ("=", "="),
        ("12", 12),
        ("-7", -7),
        ("0", 0),
        ("0o17", 15),
        ("0xFF", 255),
        ("9223372036854775807", 2**63 - 1),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("0.48500001430511475", 0.48500001430511475),
        ("-1.2345678901234567e-05", -1.2345678901234567e-05),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ('"a\\tb"', "a\tb"),
        ("[1, [a, {b: c}]]", [1, ["a", {"b": "c"}]]),
        ("|\n  two\n  lines", "two\nlines\n"),
        (">-\n  one\n  line", "one line"),
        ("https://x.org/a#b", "https://x.org/a#b"),
        ("is it? [it is", "is it? [it is"),
    ],
)
def test_words_mean_what_yaml_1_2_says_or_stay_text(parser, text, meant):
    found = value(f"key: {text}\n")["key"]
    assert found == meant and type(found) is type(meant)


def test_on_and_no_are_keys(parser):
    assert value("on: 1\nno: 2\nyes: 3\noff: 4\n") == {"on": 1, "no": 2, "yes": 3, "off": 4}


def test_a_few_aliases_are_fine(parser):
    assert value("a: &x {b: [1, 2]}\nc: *x\n") == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}


def test_windows_and_old_mac_line_ends_and_a_byte_order_mark(parser):
    assert value("\ufeffa: 1\r\nb: 2\rc: 3\n") == {"a": 1, "b": 2, "c": 3}
    document, _ = parse(b"a: 1\r\nb: 2\rc: 3\n", "m.yaml")
    assert str(document.key(("c",))) == "m.yaml:3:1"


def test_places_of_keys_and_values(parser):
    text = "kind: model\ninputs:\n  eyes: {shape: [1, 2], dtype: 'x'}\n  none:\n# c\nlast: |\n  x\n"
    document, _ = parse(text.encode(), "m.yaml")

    def underlined(position):
        assert position.text == text.splitlines()[position.line - 1]
        return position.text[position.column - 1 :][: position.width]

    assert underlined(document.at(("kind",))) == "model"
    assert underlined(document.key(("inputs", "eyes"))) == "eyes"
    assert underlined(document.at(("inputs", "eyes", "shape", 1))) == "2"
    assert underlined(document.at(("inputs", "eyes", "dtype"))) == "'x'"
    assert underlined(document.at(("inputs", "none"))) == "none"
    assert underlined(document.at(("last",))) == "|"
    assert document.text(("inputs", "eyes", "dtype")) == "'x'"


REFUSED = {
    "duplicate key": (
        "a: 1\nb: 2\na: 3\n",
        """
        error: duplicate key `a`
         --> m.yaml:3:1
          |
        3 | a: 3
          | ^
          first  m.yaml:1:1
        """,
    ),
    "nested duplicate key": (
        "a: [{b: {c: 1, c: 1}}]\n",
        """
        error: duplicate key `c`
         --> m.yaml:1:16
          |
        1 | a: [{b: {c: 1, c: 1}}]
          |                ^
          first  m.yaml:1:10
        """,
    ),
    "infinity": (
        "a: [1, -.inf]\n",
        """
        error: `-.inf` is not a finite number
         --> m.yaml:1:8
          |
        1 | a: [1, -.inf]
          |        ^^^^^
        """,
    ),
    "not a number": (
        "a: .nan\n",
        """
        error: `.nan` is not a finite number
         --> m.yaml:1:4
          |
        1 | a: .nan
          |    ^^^^
        """,
    ),
    "too large for a float": (
        "a: 1e999\n",
        """
        error: `1e999` is not a finite number
         --> m.yaml:1:4
          |
        1 | a: 1e999
          |    ^^^^^
        """,
    ),
    "object tag": (
        "a: !!python/object/apply:os.system [ls]\n",
        """
        error: tags are not supported
         --> m.yaml:1:4
          |
        1 | a: !!python/object/apply:os.system [ls]
          |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        hint: remove it; text that begins with `!` needs quotes
        """,
    ),
    "harmless tag": (
        "a: !!str 12\n",
        """
        error: tags are not supported
         --> m.yaml:1:4
          |
        1 | a: !!str 12
          |    ^^^^^^^^
        hint: remove it; text that begins with `!` needs quotes
        """,
    ),
    "alias bomb": (
        BOMB,
        """
        error: aliases repeat more than 1,000 values
         --> m.yaml:4:8
          |
        4 | d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]
          |        ^^
        """,
    ),
    "recursive alias": (
        "a: &a [1, *a]\n",
        """
        error: alias `*a` is within the value it stands for
         --> m.yaml:1:11
          |
        1 | a: &a [1, *a]
          |           ^^
        """,
    ),
    "alias of nothing": (
        "a: *b\n",
        """
        error: alias `*b` without an anchor `&b` before it
         --> m.yaml:1:4
          |
        1 | a: *b
          |    ^^
        """,
    ),
    "merge key": (
        "a: &a {b: 1}\nc:\n  <<: *a\n",
        """
        error: merge key `<<`
         --> m.yaml:3:3
          |
        3 |   <<: *a
          |   ^^
        hint: merge keys are not part of YAML 1.2: write the fields out
        """,
    ),
    "number as key": (
        "8: a\n",
        """
        error: a key must be text, not 8
         --> m.yaml:1:1
          |
        1 | 8: a
          | ^
        hint: put quotes around it: "8"
        """,
    ),
    "true as key": (
        "{true: a}\n",
        """
        error: a key must be text, not true
         --> m.yaml:1:2
          |
        1 | {true: a}
          |  ^^^^
        hint: put quotes around it: "true"
        """,
    ),
    "list as key": (
        "? [a]\n: b\n",
        """
        error: a key must be text, not a list or a mapping
         --> m.yaml:1:3
          |
        1 | ? [a]
          |   ^
        """,
    ),
    "tab indent": (
        "a:\n\tb: 1\n",
        """
        error: not YAML: found character '\\t' that cannot start any token
         --> m.yaml:2:1
          |
        2 |  b: 1
          | ^
        hint: a tab cannot indent or separate here: use spaces
        """,
    ),
    "two documents": (
        "a: 1\n---\nb: 2\n",
        """
        error: a second document begins here
         --> m.yaml:2:1
          |
        2 | ---
          | ^^^
        """,
    ),
    "empty file": (
        "",
        """
        error: the file is empty
         --> m.yaml:1:1
        """,
    ),
    "only a comment": (
        "# nothing\n",
        """
        error: the file is empty
         --> m.yaml:1:1
        """,
    ),
    "latin-1": (
        b"a: 1\nb: caf\xe9\n",
        """
        error: not UTF-8: byte 0xe9
         --> m.yaml:2:7
          |
        2 | b: caf\ufffd
          |       ^
        hint: save the file as UTF-8
        """,
    ),
    "over 1 MiB": (
        b"# " + b"x" * (1 << 20),
        """
        error: the file is larger than 1 MiB
         --> m.yaml:1:1
        hint: data belongs into files that the manifest names
        """,
    ),
    "terminal escape": (
        "a: \x1b[31mred\n",
        """
        error: character U+001B is not allowed
         --> m.yaml:1:4
          |
        1 | a:  [31mred
          |    ^
        """,
    ),
    "line separator": (
        "a: x\u2028b: y\n",
        """
        error: character U+2028 is not allowed
         --> m.yaml:1:5
          |
        1 | a: x b: y
          |     ^
        hint: within double quotes it can be written as "\\u2028"
        """,
    ),
    "half a surrogate pair": (
        'a: "\\ud800"\n',
        """
        error: character U+D800 is not allowed
         --> m.yaml:1:4
          |
        1 | a: "\\ud800"
          |    ^^^^^^^^
        """,
    ),
    "directive": (
        "%YAML 1.1\n---\na: 1\n",
        """
        error: directives are not supported
         --> m.yaml:1:1
          |
        1 | %YAML 1.1
          | ^
        hint: manifests are YAML 1.2 without directives: remove this line
        """,
    ),
    "unquoted range": (
        "qnn: >=2.40\n",
        """
        error: not YAML: expected chomping or indentation indicators, but found '='
         --> m.yaml:1:7
          |
        1 | qnn: >=2.40
          |       ^
          while  scanning a block scalar that begins in line 1
        hint: put quotes around text that begins with `>` or `|`
        """,
    ),
    "bad indentation": (
        "a:\n    b: 1\n  c: 2\n",
        """
        error: not YAML: expected <block end>, but found '<block mapping start>'
         --> m.yaml:3:3
          |
        3 |   c: 2
          |   ^
          while  parsing a block mapping that begins in line 1
        hint: check the indentation of this line
        """,
    ),
    "open quote": (
        'a: "x\nb: 1\n',
        """
        error: not YAML: found unexpected end of stream
         --> m.yaml:2:5
          |
        2 | b: 1
          |     ^
          while  scanning a quoted scalar that begins in line 1
        hint: a quote that was opened is never closed
        """,
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_says_where_and_why(parser, what, expect):
    data, message = REFUSED[what]
    assert refusal(data) == expect(message)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "&a [", "[{a: "])
def test_nesting_of_100_000_levels_reaches_no_parser(monkeypatch, opening):
    def parser(text):
        raise AssertionError("parsed")

    monkeypatch.setattr(yaml12, "CParser", parser)
    monkeypatch.setattr(yaml12, "_OwnParser", parser)
    assert "nested more than 64 levels deep" in refusal(opening * 100_000)


def test_two_levels_a_column_are_counted_as_well(parser):
    stairs = "".join(f"{' ' * i}a:\n{' ' * i}-\n" for i in range(100))
    assert "nested more than 64 levels deep" in refusal(stairs)


@pytest.mark.parametrize("open_, close", [("[", "]"), ("{a: ", "}")])
def test_64_levels_are_fine_and_65_are_not(parser, open_, close):
    assert value(open_ * 64 + close * 64)
    assert "nested more than 64 levels" in refusal(open_ * 65 + close * 65)


def test_64_levels_of_blocks_are_fine_and_65_are_not(parser):
    def stairs(count):
        return "".join(f"{' ' * i}a:\n" for i in range(count - 1)) + " " * (count - 1) + "a: 1\n"

    assert value(stairs(64))
    assert "nested more than 64 levels" in refusal(stairs(65))


def test_nesting_within_text_does_not_count(parser):
    brackets = "[" * 200
    text = f"a: \"{brackets}\"\nb: '{brackets}'\n# {brackets}\nc: x{brackets}\nd: |\n  {brackets}\n"
    text += "e: |\n" + "".join(f"  {' ' * i}a:\n" for i in range(100))
    assert set(value(text)) == {"a", "b", "c", "d", "e"}


def test_what_is_wrong_before_a_syntax_error_is_told_too(parser):
    _, problems = parse(b"a: 1\na: 2\nb: .nan\nc: [\n", "m.yaml")
    assert [p.position.line for p in problems] == [2, 3, 4]


def test_secrets_of_urls_do_not_appear_in_messages(parser):
    text = "a: {url: 'https://me:hunter2@x.org/?token=abc&sig=def', url: 1}\n"
    shown = refusal(text)
    assert "https://**********@x.org/?token=***&sig=***'" in shown
    assert "hunter2" not in shown and "abc" not in shown and "def" not in shown


PIECES = [
    *"abn01-?:,[]{}#&*!|>'\"%@`~.= \n\t\r\\",
    *(
        "a: ",
        "- ",
        "\n  ",
        "\n- ",
        "? ",
        "...\n",
        "---\n",
        "|\n",
        ">-\n",
        "&a ",
        "*a",
        "!x ",
        "<<: ",
    ),
    *(": [", "{b: ", "0777", ".nan", "1e5", '"x"', "\u2028", "\ufeff", "\x00", "é", "\U0001f600"),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_any_text_gives_the_same_with_and_without_libyaml(text):
    both = []
    kept = yaml12.CParser
    for parser in (kept, None):
        yaml12.CParser = parser
        try:
            document, problems = parse(text.encode(), "m.yaml")
        finally:
            yaml12.CParser = kept
        both.append((document, [str(p) for p in problems]))
    assert both[0] == both[1]
    assert both[0][0] is not None or both[0][1]


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_a_document_or_a_located_problem(data):
    document, problems = parse(data, "m.yaml")
    assert document is not None or problems
    assert all(p.position is not None for p in problems)
