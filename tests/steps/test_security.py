"""Whatever is wrong with an artifact or its source is counted and named; sources may tell of their makers."""

import pytest
import stepcall

from edgebuild.formats import measurements
from edgebuild.steps import examples
from edgebuild.steps.checks import security


@pytest.fixture
def sound(tmp_path):
    return {"artifact.onnx": examples.write_model(tmp_path / "model.onnx")}


def found(tmp_path, inputs):
    out = stepcall.run(security, tmp_path / "step", inputs)
    ((row,), details) = measurements.load(out["measurements"])
    assert (row.metric, row.evidence) == ("security.findings", "host")
    assert len(details["findings"]) == row.value
    return row.value, row.detail


def test_a_sound_artifact(tmp_path, sound):
    assert found(tmp_path, sound) == (0, "")


def test_a_source_that_is_a_pickle(tmp_path, sound):
    (tmp_path / "weights.pt").write_bytes(b"\x80\x04K\x01.")
    assert found(tmp_path, {**sound, "source.weights": tmp_path / "weights.pt"}) == (
        1,
        "source.weights: it is a pickle, which can run code when it is read",
    )


def test_traces_count_in_what_is_shipped_and_not_in_sources(tmp_path, sound):
    doc = b"\x32\x1a/home/ada/nets/portrait.py"  # a doc_string
    data = sound["artifact.onnx"].read_bytes()
    (tmp_path / "net.onnx").write_bytes(data + doc)
    assert found(tmp_path, {**sound, "source.model": tmp_path / "net.onnx"}) == (0, "")
    sound["artifact.onnx"].write_bytes(data + doc)
    (tmp_path / "again").mkdir()
    assert found(tmp_path / "again", sound) == (
        1,
        f"artifact.onnx: a path in somebody's home at byte {len(data) + 2}: /home/ada/nets/portrait.py",
    )


def test_the_projects_own_code_is_not_looked_into(tmp_path, sound):
    (tmp_path / "network.py").write_text("#!/usr/bin/env python\n")
    assert found(tmp_path, {**sound, "source.file": tmp_path / "network.py"}) == (0, "")


def test_an_ir_is_read_as_two_files(tmp_path):
    (tmp_path / "model.xml").write_text('<net name="n" version="11"><layers/><edges/></net>')
    (tmp_path / "model.bin").write_bytes(b"payload")
    files = {f"artifact.{s}": tmp_path / f"model.{s}" for s in ("xml", "bin")}
    assert found(tmp_path, files) == (
        1,
        "artifact.xml: model.bin has 7 bytes that no constant of model.xml uses",
    )


def test_of_many_findings_the_first_are_named_and_the_rest_counted(tmp_path):
    from edgebuild.formats.protobuf import field

    unknown = b"".join(field(number, b"x") for number in range(100, 114))
    (tmp_path / "model.onnx").write_bytes(unknown)
    value, detail = found(tmp_path, {"artifact.onnx": tmp_path / "model.onnx"})
    assert value == 15
    assert detail.endswith(
        "artifact.onnx: field 109 of a Model, 1 bytes, which ONNX does not have; and 5 more"
    )
