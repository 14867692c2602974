"""The budget of a target: judged when all is measured, published, noticed when it is not what it was."""

import json
import time
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from fakebuild import TODAY, build
from fakekinds import kinds
from fakeproject import BOARD, append, limit, matrix, model, project
from textproject import doit, write

from edgebuild.engine import noop
from edgebuild.engine.abilities import circumstances
from edgebuild.engine.publish import GateFailed
from edgebuild.errors import Position
from edgebuild.manifest.model import Budget, ModelTarget
from edgebuild.step import Waiver

COSTED = {"kinds": kinds(check_cost="fake_check_cost")}
AT = Position(file="manifests/targets/board.yaml", line=6, column=1, text="budget:", width=6)


def letters(most, **more):
    """At most so many letters."""
    line = limit("budget.weight_memory_mb", max=most / 1e6)
    return Budget(limits=(line,), position=AT, **more)


@pytest.fixture
def place(tmp_path):
    for name, text in {"net": "abcdef", "other": "abc"}.items():
        (tmp_path / f"{name}.txt").write_text(text)
        (tmp_path / "manifests/models" / name).mkdir(parents=True)
        (tmp_path / "manifests/models" / name / "manifest.yaml").touch()
    (tmp_path / "manifests/targets").mkdir()
    (tmp_path / "manifests/targets/board.yaml").touch()
    time.sleep(0.05)  # a record trusts no file as young as the build
    recorded(tmp_path)
    return tmp_path


def run(place, budget, *models, **options):
    board = replace(BOARD, budget=budget)
    return build(
        project(place, *(models or (model(), model("other"))), targets=(board,)),
        place / "home",
        **{**COSTED, **options},
    )


def document(place):
    return json.loads((place / "artifacts/board/budget.json").read_bytes())


def recorded(place):
    """What a no-op build would say."""
    context = noop.context("board", None, str(place / "home"), circumstances({}))
    return noop.check(
        noop.path(place / ".edgebuild", "board", None), context, today=TODAY.isoformat()
    )


def test_a_budget_that_holds_is_published_beside_the_models(place):
    ran = run(place, letters(100))
    assert not ran.errors
    found = document(place)
    assert (found["accepted"], found["target"]) == (True, "board")
    (parts,) = found["parts"].values()
    assert [(p["model"], p["value"], p["counts"]) for p in parts] == [
        ("net", 6e-6, True),
        ("other", 3e-6, True),
    ]
    page = (place / "artifacts/board/budget.html").read_text()
    assert "<h1>Budget of board</h1>" in page
    assert "net: 6e-06 MB, 66.7 %" in page
    suite = ET.parse(place / "artifacts/board/budget.junit.xml").getroot()[0]
    assert suite.get("name") == "board/budget"
    assert [case.get("name") for case in suite.iter("testcase")] == ["budget.weight_memory_mb"]


def test_a_budget_that_is_overdrawn_fails_the_build_and_names_the_largest(place):
    ran = run(place, letters(8))
    assert ran.published == ["net/board", "other/board"]
    error = ran.errors["board/budget"]
    assert isinstance(error, GateFailed)
    assert str(error) == (
        "error: the budget of target `board` does not hold\n"
        " --> manifests/targets/board.yaml:6:1\n"
        "  |\n"
        "6 | budget:\n"
        "  | ^^^^^^\n"
        "  budget.weight_memory_mb  failed: 9e-06 MB by host, wanted <= 8e-06"
        " (above 8e-06; net 6e-06 MB, other 3e-06 MB)\n"
        f"hint: what each model needs is in {place}/artifacts/board/budget.html"
    )
    assert document(place)["accepted"] is False
    suite = ET.parse(place / "artifacts/board/budget.junit.xml").getroot()[0]
    assert (suite.get("failures"), suite.find("testcase/failure").get("type")) == ("1", "failed")


def test_a_changed_budget_runs_no_step(place):
    run(place, letters(100))
    again = run(place, letters(8))
    assert again.built == []
    assert isinstance(again.errors["board/budget"], GateFailed)


def test_what_could_not_be_measured_fails_the_build(place):
    unknown = model(recipe=(append("UNKNOWN"),))
    error = run(place, letters(100), unknown, model("other")).errors["board/budget"]
    assert (
        "unproven: not measured by host, wanted <= 0.0001"
        " (`cost.weight_bytes` of net is not known: counted)"
    ) in str(error)
    unplanned = run(place, letters(100), kinds=kinds()).errors["board/budget"]
    assert "`cost.weight_bytes` of net is not known: no check measured it" in str(unplanned)


def test_a_check_that_lacks_what_it_reads_says_so(place):
    """It is planned for models only where their limits name it, but the budget asks, too."""
    lacking = kinds(check_cost="fake_check_quality")
    error = run(place, letters(100), kinds=lacking).errors["board/budget"]
    assert "of net is not known: the manifest declares no evaluation data" in str(error)


def test_a_variant_is_chosen_by_the_manifest_else_the_largest_counts(place):
    both = model(targets={"board": ModelTarget(target="board", matrix=matrix(times=[1, 2]))})
    error = run(place, letters(8), both).errors["board/budget"]
    assert "net (times-2, the largest of 2 variants) 1.2e-05 MB" in str(error)
    chosen = run(place, letters(8, variants={"net": "times-1"}), both)
    assert not chosen.errors
    assert chosen.built == []


def test_a_waived_line_lets_the_build_pass_until_the_waiver_ends(place):
    waiver = Waiver(
        metric="budget.weight_memory_mb", reason="more memory comes", owner="ada", expires="2026-06-01"
    )  # fmt: skip
    assert not run(place, letters(8, waivers=(waiver,))).errors
    assert recorded(place)
    assert document(place)["waivers"][0]["owner"] == "ada"
    context = noop.context("board", None, str(place / "home"), circumstances({}))
    later = noop.check(noop.path(place / ".edgebuild", "board", None), context, today="2026-06-02")
    assert later is None


@pytest.mark.parametrize("name", ["budget.json", "budget.html", "budget.junit.xml"])
def test_a_deleted_or_tampered_file_is_noticed_and_written_again(place, name):
    run(place, letters(100))
    assert recorded(place)
    path = place / "artifacts/board" / name
    good = path.read_bytes()
    for spoil in (lambda: path.unlink(), lambda: path.write_bytes(good.replace(b"net", b"not"))):
        spoil()
        assert recorded(place) is None
        assert run(place, letters(100)).built == []
        assert path.read_bytes() == good
        assert recorded(place)


def test_a_build_of_one_model_judges_no_budget_and_leaves_none_that_is_wrong(place):
    run(place, letters(100))
    one = run(place, letters(8), model="other")
    assert not one.errors
    assert not (place / "artifacts/board/budget.json").exists(), "its limit is another"
    run(place, letters(100))
    run(place, letters(100), model="other")
    assert document(place)["accepted"]
    (place / "other.txt").write_text("abcd")
    run(place, letters(100), model="other")
    assert not list((place / "artifacts/board").glob("budget.*"))


def test_a_model_that_fails_leaves_no_budget_that_may_be_wrong(place):
    run(place, letters(100))
    (place / "net.txt").write_text("abcdefgh")
    broken = model("other", recipe=(append("FAIL"),))
    assert "other/append" in run(place, letters(100), model(), broken).errors
    assert not (place / "artifacts/board/budget.html").exists()


def test_a_rejected_model_is_still_counted(place):
    strict = model(
        targets={"board": ModelTarget(target="board", accept=(limit("length.bytes", max=1),))}
    )
    ran = run(place, letters(100), strict, model("other"))
    assert list(ran.errors) == ["net/board"]
    assert document(place)["accepted"]


def test_a_budget_no_longer_declared_is_removed(place):
    run(place, letters(100))
    run(place, Budget())
    assert not list((place / "artifacts/board").glob("budget.*"))


def test_nothing_is_removed_through_a_link(place, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "budget.html").write_text("somebody else's")
    (place / "artifacts").mkdir()
    (place / "artifacts/board").symlink_to(elsewhere)
    assert "is a symbolic link" in str(run(place, letters(100)).errors["net/board"])
    assert [p.name for p in elsewhere.iterdir()] == ["budget.html"]


def test_a_damaged_file_is_no_budget_and_is_written_again(place):
    run(place, letters(100))
    path = place / "artifacts/board/budget.json"
    good = path.read_bytes()
    for damaged in (b"", b"{}", b"[1]", b'{"schema": "edgebuild-budget/1"}', good[:-20]):
        path.write_bytes(damaged)
        run(place, letters(100), model="other")
        assert not path.exists()
        run(place, letters(100))
        assert path.read_bytes() == good


def test_doit_judges_it_last_and_its_exit_code_tells(tmp_path):
    write(tmp_path, {"net0": "text", "net1": "more"})
    target = tmp_path / "manifests/targets/board.yaml"
    target.write_text(target.read_text() + "budget: {weight_memory_mb: 1}\n")
    ran = doit(tmp_path, "build", "target=board")
    assert ran.returncode == 1
    assert (
        "FAILED   board/budget\n"
        "error: the budget of target `board` does not hold\n"
        " --> manifests/targets/board.yaml:6:1\n"
        "  |\n"
        "6 | budget: {weight_memory_mb: 1}\n"
        "  | ^^^^^^\n"
        "  budget.weight_memory_mb  unproven: not measured by host, wanted <= 1"
        " (`cost.weight_bytes` of net0 is not known: nothing in this build makes `costs`,"
        " which check `cost` reads)\n"
        "hint: what each model needs is in artifacts/board/budget.html\n"
    ) in ran.stdout
    assert "accepted net1/board" in ran.stdout
    assert "FAILED: 1 of " in ran.stdout
    only = doit(tmp_path, "build", "target=board", "model=net0")
    assert only.returncode == 0, only.stdout
