"""Errors have one shape, and it is the whole text that users see."""

from edgebuild.errors import EdgebuildError, ManyErrors, Position, render, suggest


def test_the_whole_text():
    error = EdgebuildError(
        "unknown pass `fold_constant`",
        position=Position(
            file="manifests/models/yolox/manifest.yaml",
            line=14,
            column=5,
            text="  - fold_constant: {}",
            width=13,
        ),
        fields={"model": "yolox", "in": "recipe"},
        hint="did you mean `fold_constants`?",
    )
    assert render(error) == (
        "error: unknown pass `fold_constant`\n"
        "  --> manifests/models/yolox/manifest.yaml:14:5\n"
        "   |\n"
        "14 |   - fold_constant: {}\n"
        "   |     ^^^^^^^^^^^^^\n"
        "  model  yolox\n"
        "  in     recipe\n"
        "hint: did you mean `fold_constants`?"
    )
    assert str(error) == render(error)


def test_nothing_in_an_error_commands_the_terminal():
    """A network's names, a server's answer, a step's log: whoever wrote them."""
    title, red, around = "\x1b]0;owned\x07", "\x9b31m", "\u202e"
    place = Position(file=f"m{red}.yaml", line=1, column=1, text=f"a{around}b")
    error = EdgebuildError(
        f"layer `{title}`\n\tsecond line",
        position=place,
        fields={f"o{red}": f"v{around}"},
        hint=title,
    )
    assert str(error) == (
        "error: layer `?]0;owned?`\n"
        "\tsecond line\n"
        " --> m?31m.yaml:1:1\n"
        "  |\n"
        "1 | a?b\n"
        "  | ^\n"
        "  o?31m  v?\n"
        "hint: ?]0;owned?"
    )


def test_many_errors_come_in_the_order_of_files_and_lines():
    def at(file, line):
        return EdgebuildError(f"{file}{line}", position=Position(file=file, line=line, column=1))

    text = str(ManyErrors([at("b", 1), at("a", 10), at("a", 9)]))
    assert [line for line in text.splitlines() if line.startswith("error")] == [
        "error: a9",
        "error: a10",
        "error: b1",
    ]
    assert text.endswith("3 problems found")


def test_suggestions_are_near_or_none():
    assert suggest("panacst50", ["panacast20", "panacast50"]) == "panacast50"
    assert suggest("xyz", ["panacast50"]) is None


def test_of_names_that_differ_by_case_the_one_typed_nearest_is_meant():
    for known in (["sigmoid", "Sigmoid"], ["Sigmoid", "sigmoid"]):
        assert suggest("sigmiod", known) == "sigmoid"
        assert suggest("Sigmiod", known) == "Sigmoid"
