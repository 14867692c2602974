"""Records serve messages only: whatever lies in their place, they are read as far as that makes sense."""

import json

import pytest
from fakebuild import build
from fakeproject import append, model, project

from edgebuild.engine.records import Records
from edgebuild.plan import explain

ACTION = {"kind": "pass/tidy", "params": {}, "facts": {}, "platform": {}, "inputs": {"in": "a"}}


def test_what_was_noted_is_there_next_time(tmp_path):
    path = tmp_path / "deep/records.json"
    records = Records(path)
    records.note("net/tidy", ACTION)
    records.save()
    assert Records(path).action("net/tidy") == ACTION
    assert [p.name for p in path.parent.iterdir()] == ["records.json"]


@pytest.mark.parametrize("part", ["params", "facts", "platform", "inputs"])
@pytest.mark.parametrize("value", [[1], "text", None, 5])
def test_an_action_of_another_form_counts_as_none(tmp_path, part, value):
    path = tmp_path / "records.json"
    path.write_text(json.dumps({"net/tidy": {**ACTION, part: value}}))
    found = Records(path).action("net/tidy")
    assert found is None
    assert explain.differences(found, ACTION) == ["never built"]


@pytest.mark.parametrize("content", ["", "[]", "[" * 100_000, '{"net/tidy": 1}'])
def test_a_file_of_another_form_counts_as_empty(tmp_path, content):
    path = tmp_path / "records.json"
    path.write_text(content)
    records = Records(path)
    assert records.action("net/tidy") is None
    records.note("net/tidy", ACTION)
    records.save()
    assert Records(path).action("net/tidy") == ACTION


def test_a_folder_in_its_place_fails_no_build(tmp_path):
    (tmp_path / "net.txt").write_text("alpha")
    (tmp_path / ".edgebuild/records.json").mkdir(parents=True)
    ran = build(project(tmp_path, model(recipe=(append("end"),))), tmp_path / "home")
    assert not ran.errors
    assert ran.published == ["net/board"]
    assert not list((tmp_path / ".edgebuild").glob(".records.json.*"))
