"""A rejected variant's message says what could be the matter, and never less for it."""

import json

import pytest
from fakebuild import build
from fakekinds import kinds
from fakeproject import limit, model, project

from edgebuild.manifest.model import ModelTarget

BLAMED = kinds(probe_diagnosis="fake_probe_blame", check_odd="fake_check_odd")


@pytest.fixture
def place(tmp_path):
    (tmp_path / "net.txt").write_text("alpha")
    return tmp_path


def report(place):
    return json.loads((place / "artifacts/board/net/rejected/report.json").read_bytes())


def test_only_what_could_explain_the_gates_that_failed_is_told(place):
    error = build(project(place, model()), place / "home", kinds=BLAMED).errors["net/board"]
    assert error.fields["likely cause"] == "the moon (it is full)"
    assert report(place)["diagnosis"] == [{"cause": "the moon", "evidence": "it is full"}]


def test_a_diagnosis_that_fails_does_not_hide_the_gate(place):
    (place / "net.txt").write_text("mute")
    error = build(project(place, model()), place / "home", kinds=BLAMED).errors["net/board"]
    assert error.message == "net/board is rejected"
    assert error.fields["odd.oddities"].startswith("failed: 1 by host")
    assert error.fields["likely cause"] == (
        "no diagnosis could be made (net/board/diagnosis: it is mute)"
    )


def test_what_is_only_too_large_is_not_diagnosed(place):
    large = model(
        targets={"board": ModelTarget(target="board", accept=(limit("size.bytes", max=1),))}
    )
    sized = kinds(probe_diagnosis="fake_probe_blame", check_size="fake_check_length")
    ran = build(project(place, large), place / "home", kinds=sized)
    assert list(ran.errors["net/board"].fields) == ["size.bytes"]
    assert report(place)["diagnosis"] == []
