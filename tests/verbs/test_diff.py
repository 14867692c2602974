"""`doit diff A B` prints regressions first and fails if a gate got worse."""

import io
import json
import shutil

import pytest
from fakebuild import build
from fakekinds import kinds
from fakeproject import limit, matrix, model, project
from textproject import doit, write

from edgebuild.errors import EdgebuildError
from edgebuild.manifest.model import ModelTarget
from edgebuild.settings import Settings
from edgebuild.verbs import Context, diff

LIMIT = (limit("length.bytes", max=12),)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Artifacts `old`, and `new` whose second variant is longer and so rejected."""
    root = tmp_path_factory.mktemp("diff")
    for name, text in (("old", "alpha"), ("new", "alphabeta")):
        (root / "net.txt").write_text(text)
        use = ModelTarget(target="board", accept=LIMIT, matrix=matrix(times=[1, 2]))
        build(project(root, model(targets={"board": use})), root / "home")
        shutil.move(root / "artifacts", root / name)
    return root


@pytest.fixture
def run(built):
    def run(*paths, **options):
        out = io.StringIO()
        context = Context(root=built, settings=Settings(home=built / "home"), out=out)
        context.__dict__["kinds"] = kinds()
        ok = diff.run(context, paths, **options)
        return ok, "\n".join(line.rstrip() for line in out.getvalue().splitlines())

    return run


def test_equal_folders(run):
    assert run("old", "old") == (
        True,
        "2 variants compared, 2 with the same artifact; 4 figures unchanged, 0 within noise\n"
        "no gate got worse",
    )


def test_a_gate_that_got_worse_comes_first_and_fails(run):
    ok, text = run("old", "new")
    assert not ok
    assert text == (
        "regressions: 3\n"
        "  net/board/times-2\n"
        "    gate length.bytes  passed -> failed         above 12\n"
        "    length.bytes       10 B -> 18 B      +80 %\n"
        "  net/board/times-1\n"
        "    length.bytes  5 B -> 9 B  +80 %\n"
        "2 variants compared, 0 with the same artifact; 2 figures unchanged, 0 within noise\n"
        "1 gate got worse"
    )


def test_what_a_report_says_is_only_text(run, built):
    """One that somebody sent, whose names are commands of a terminal or rich's markup."""
    bad = "\x1b]0;owned\x07[red]\x9b2J\u202e"
    text = (built / "new/board/net/times-2/rejected/report.json").read_text()
    (built / "sent.json").write_text(text.replace('"model.upper"', json.dumps(bad)))
    for name, old in (("sent.json", '"times-2"'), ("named.json", '"net/board/times-2"')):
        (built / name).write_text(text.replace(old, json.dumps(bad)))
        _, said = run("old/board/net/times-1", name)
        assert all(line.isprintable() for line in said.split("\n")), said


def test_a_step_to_infinity_is_no_number(run, built):
    text = (built / "old/board/net/times-1/report.json").read_text()
    for name, value in (("near.json", 40.5), ("equal.json", "inf")):
        document = json.loads(text)
        document["measurements"][0] |= {"metric": "parity.sqnr_db", "value": value, "unit": "dB"}
        (built / name).write_text(json.dumps(document))
    ok, said = run("near.json", "equal.json")
    assert ok
    assert "40.5 -> ∞" in said or "40.5 dB -> ∞ dB" in said
    assert "nan" not in said and "inf" not in said


def test_what_got_better_fails_nothing(run):
    ok, text = run("new", "old")
    assert ok, text
    assert text.startswith("improvements: 3\n")
    assert text.endswith("no gate got worse")


def test_a_report_and_a_folder_with_one_report_are_sides_too(run, built):
    ok, text = run("old/board/net/times-1/report.json", "old/board/net/times-2")
    assert ok
    assert "  net/board/times-1 -> net/board/times-2\n" in text
    assert text.endswith("1 variant compared, 0 with the same artifact; 1 figures unchanged"
                         ", 0 within noise\nno gate got worse")  # fmt: skip


def test_variants_of_one_side_only_are_named(run, built):
    part = built / "part"
    shutil.copytree(built / "old", part, dirs_exist_ok=True)
    shutil.rmtree(part / "board/net/times-2")
    (part / "board/net/times-1").rename(part / "board/net/kept")
    assert "only in A: net/board/times-2\n" in run("old", "part")[1]


def test_as_json(run):
    ok, text = run("old", "new", format="json")
    found = json.loads(text)
    assert not ok
    assert found["gates_worse"] == 1
    assert found["changes"][0] == {
        "variant": "net/board/times-2",
        "area": "gate",
        "what": "length.bytes",
        "before": "passed",
        "after": "failed",
        "direction": "worse",
        "unit": "",
        "note": "above 12",
        "gate": True,
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is no JSON, or is cut short"),
        ("[1]", "it does not say that it is one"),
        ('{"schema": "edgebuild-report/9"}',
         "it is of the form `edgebuild-report/9`, this edgebuild reads `edgebuild-report/1`"),
        ('{"schema": "edgebuild-report/1"}', "it lacks what every report has"),
        ('{"schema": "edgebuild-budget/1"}',
         "it is of the form `edgebuild-budget/1`, this edgebuild reads `edgebuild-report/1`"),
    ],
)  # fmt: skip
def test_what_is_no_report(run, built, content, reason):
    (built / "bad.json").write_text(content)
    with pytest.raises(EdgebuildError) as caught:
        run("old", "bad.json")
    assert str(caught.value) == (
        "error: bad.json is no report\n"
        f"  reason  {reason}\n"
        "hint: `doit build` writes reports; name a report.json or a folder of artifacts"
    )


def test_a_broken_report_in_a_folder_is_not_passed_over(run, built):
    bad = built / "torn"
    shutil.copytree(built / "old", bad, dirs_exist_ok=True)
    path = bad / "board/net/times-1/report.json"
    path.chmod(0o644)
    path.write_text("{")
    with pytest.raises(EdgebuildError, match=r"torn/board/net/times-1/report\.json is no report"):
        run("old", "torn")


def test_a_folder_with_two_builds_is_refused(run, built):
    with pytest.raises(EdgebuildError) as caught:
        run(".", "old")
    assert (
        "has two reports of net/board/times-1\n  one    new/board/net/times-1/report.json\n"
        in str(caught.value)
    )


@pytest.mark.parametrize(
    ("paths", "text"),
    [
        ((), "error: diff compares two, and was given 0\n"
             "hint: doit diff A B; each a report.json, `artifacts`, or a folder in it"),
        (("old", "older"), "error: there is no older\nhint: name a report.json or a folder of artifacts"),
        (("old", "home"), "error: there is no report below home\n"
                          "hint: name a report.json, `artifacts`, or a folder in it"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared(run, paths, text):
    with pytest.raises(EdgebuildError) as caught:
        run(*paths)
    assert str(caught.value) == text


def test_sides_without_a_variant_in_common(run, built):
    only = built / "only"
    for side in ("x", "y"):
        for number in (1, 2):
            folder = only / side / f"{side}{number}"
            folder.mkdir(parents=True)
            text = (built / f"old/board/net/times-{number}/report.json").read_text()
            made = json.loads(text) | {"name": f"{side}/{number}"}
            (folder / "report.json").write_text(json.dumps(made))
    with pytest.raises(EdgebuildError) as caught:
        run("only/x", "only/y")
    assert str(caught.value) == (
        "error: the two have no variant in common\n"
        "  A  x/1, x/2\n"
        "  B  y/1, y/2\n"
        "hint: name two reports of one variant each to compare whatever they are"
    )


def test_an_unknown_format(run):
    with pytest.raises(EdgebuildError) as caught:
        run("old", "new", format="jso")
    assert str(caught.value) == "error: unknown format `jso`\nhint: did you mean `json`?"


def test_the_real_command_says_by_its_exit_code_whether_a_gate_got_worse(built, tmp_path):
    write(tmp_path, {"net": "text"})
    same = doit(tmp_path, "diff", str(built / "old"), str(built / "old"))
    assert (same.returncode, same.stdout.splitlines()[-1]) == (0, "no gate got worse")
    worse = doit(tmp_path, "diff", str(built / "old"), str(built / "new"), "format=json")
    assert worse.returncode == 1
    assert json.loads(worse.stdout)["gates_worse"] == 1
    none = doit(tmp_path, "diff", str(built / "old"))
    assert none.returncode == 1
    assert none.stdout.startswith("error: diff compares two, and was given 1\n")
