"""report.json is what its schema says, and says so whatever else is in it."""

import json

import jsonschema
import pytest
from fakebuild import build
from fakeproject import limit, matrix, model, project
from fakereport import variant

from edgebuild.manifest.model import ModelTarget
from edgebuild.report import render
from edgebuild.report.read import published
from edgebuild.report.schema import schema

VALIDATOR = jsonschema.Draft202012Validator(schema())


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("accepted", [True, False])
def test_a_document_with_everything_is_valid(accepted):
    VALIDATOR.validate(json.loads(render.text(variant("int8", accepted=accepted))))


def test_every_report_that_a_build_writes_is_valid(tmp_path):
    (tmp_path / "net.txt").write_text("alpha beta")
    strict = ModelTarget(
        target="board", matrix=matrix(times=[1, 2]), accept=(limit("length.bytes", max=12),)
    )
    build(project(tmp_path, model(targets={"board": strict})), tmp_path / "home")
    paths = [path for path, _ in published(tmp_path / "artifacts")]
    assert [path.parent.name for path in paths] == ["times-1", "rejected"]
    for path in paths:
        VALIDATOR.validate(json.loads(path.read_bytes()))


def test_fields_of_a_later_edgebuild_are_let_pass():
    document = variant("int8")
    document["mood"] = "good"
    document["findings"][0]["mood"] = {"of": "the gate"}
    VALIDATOR.validate(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "edgebuild-report/2"), (("accepted",), "yes"), (("findings", 0, "verdict"), "fine"),
        (("findings", 0, "value"), "12"), (("measurements", 0, "evidence"), "guessed"),
        (("files", 0, "sha256"), "ab"), (("pipeline", 0, "how"), "guessed"),
    ],
)  # fmt: skip
def test_another_meaning_is_another_version(path, value):
    document = variant("int8")
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert not VALIDATOR.is_valid(document)


def test_a_line_for_each_element_so_that_a_difference_can_be_read():
    document = variant("int8")
    lines = render.text(document).splitlines()
    (first,) = (i for i, line in enumerate(lines) if line.startswith(' "findings": ['))
    assert json.loads(lines[first + 1].rstrip(",")) == document["findings"][0]
