"""Behind a backend only what something reads is planned, by the best probe there can be."""

from dataclasses import replace
from pathlib import Path

import pytest
from fakebuild import build
from fakekinds import kinds
from fakeproject import BOARD, model, project

from edgebuild.plan.expand import expand
from edgebuild.step import Output

ROOT = Path("/project")
MORE = {
    "probe_counted": "fake_probe_counted",
    "probe_guessed": "fake_probe_guessed",
    "check_letters": "fake_check_letters",
}


@pytest.fixture
def candidates(monkeypatch):
    """The backend names two probes for the port `letters`, the better one first."""
    import fake_backend_upper

    kind = replace(fake_backend_upper.KIND, probes={"letters": ("counted", "guessed")})
    monkeypatch.setattr(fake_backend_upper, "KIND", kind)


def steps(found, *abilities, board=BOARD):
    return expand(project(ROOT, model(), targets=(board,)), "board", found, None, abilities).steps


@pytest.mark.parametrize(
    ("abilities", "device", "probe"),
    [
        (["abacus"], {"soc": "z80"}, "counted"),
        ([], {"soc": "z80"}, "guessed"),
        (["abacus"], {"chip": "z80"}, "guessed"),
    ],
)
def test_the_first_probe_whose_needs_are_met_makes_the_port(candidates, abilities, device, probe):
    found = steps(kinds(**MORE), *abilities, board=replace(BOARD, device=device))
    assert found["net/board/letters"].inputs["letters"] == Output(
        step=f"net/board/{probe}", port="letters"
    )


def test_a_probe_that_nothing_reads_is_not_planned(candidates):
    found = steps(kinds(probe_counted="fake_probe_counted"), "abacus")
    assert "net/board/counted" not in found


def test_a_check_whose_port_no_probe_makes_is_not_planned():
    found = steps(kinds(check_letters="fake_check_letters"))
    assert "net/board/letters" not in found


def test_what_is_no_onnx_is_not_given_to_a_probe_as_a_model():
    found = expand(project(ROOT, model()), "board", kinds(probe_diagnosis="fake_probe_diagnosis"))
    assert list(found.later) == ["net/board/diagnosis"]
    assert list(found.later["net/board/diagnosis"].inputs) == ["upper"]


def test_a_rejected_variant_is_diagnosed_and_an_accepted_one_is_not(tmp_path):
    (tmp_path / "net.txt").write_text("alpha")
    more = kinds(probe_diagnosis="fake_probe_diagnosis", check_odd="fake_check_odd")
    ran = build(project(tmp_path, model()), tmp_path / "home", kinds=more)
    error = ran.errors["net/board"]
    assert error.fields == {
        "odd.oddities": "failed: 1 by host, wanted <= 0 (above 0; it is odd)",
        "likely cause": "the words (read upper)",
    }
    good = build(
        project(tmp_path, model()),
        tmp_path / "other",
        kinds=kinds(probe_diagnosis="fake_probe_diagnosis"),
    )
    assert good.published == ["net/board"]
    assert not (tmp_path / "artifacts/board/net/rejected").exists()
