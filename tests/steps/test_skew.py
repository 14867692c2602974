"""Firmware that does not run what the artifact was made with is a violation with both versions."""

import shutil
from pathlib import Path

import pytest
import stepcall

from edgebuild.formats import measurements
from edgebuild.steps.checks import skew

BLOB = Path(__file__).parents[1] / "formats/blobs/convolution_U8_1.blob"
DLC = Path(__file__).parents[1] / "formats/dlcs/tiny_int8.dlc"


def measured(tmp_path, source, **firmware):
    path = tmp_path / f"model{source.suffix}"
    shutil.copyfile(source, path)
    port = f"artifact.{source.suffix[1:]}"
    made = stepcall.run(skew, tmp_path / "step", {port: path}, firmware=firmware)
    rows, details = measurements.load(made["measurements"])
    (row,) = rows
    assert (row.metric, row.evidence) == ("skew.violations", "host")
    return row.value, row.detail, details


def test_firmware_that_runs_it(tmp_path):
    value, detail, details = measured(tmp_path, BLOB, openvino=">=2020.3,<=2022.1", blob="==6")
    assert (value, detail) == (0, "")
    assert details["artifact"] == {
        "blob": "6.0 (header of model.blob)",
        "openvino": "2020.4 to 2022.1 (blob format 6.0)",
    }
    assert [row["verdict"] for row in details["rows"]] == ["runs", "runs"]


def test_each_violation_is_named_with_both_versions(tmp_path):
    value, detail, _ = measured(tmp_path, BLOB, openvino="<=2020.3", blob="<6")
    assert value == 2
    assert detail == (
        "made with `openvino` 2020.4 to 2022.1 (blob format 6.0); the firmware runs <=2020.3; "
        "made with `blob` 6.0 (header of model.blob); the firmware runs <6"
    )


def test_a_dlc_of_a_newer_converter(tmp_path):
    value, detail, _ = measured(tmp_path, DLC, qnn=">=2.40,<=2.50")
    assert value == 1
    assert detail == (
        "made with `qnn` 2.51.0.260929181845 (metadata of model.dlc); the firmware runs >=2.40,<=2.50"
    )


def test_what_nothing_in_the_artifact_tells_is_unproven(tmp_path):
    (tmp_path / "m.xml").write_text(
        '<net name="n" version="11"><layers><layer id="0" version="extension"/></layers><edges/></net>'
    )
    value, detail, details = measured(tmp_path, tmp_path / "m.xml", openvino_opset="<=13")
    assert value is None
    assert detail == "`openvino_opset`: no layer names an op set; the firmware runs <=13"
    assert details["rows"][0]["verdict"] == "not told"


def test_a_violation_counts_also_where_something_else_is_not_told(tmp_path):
    (tmp_path / "m.xml").write_text(
        '<net name="n" version="11"><layers><layer id="0" version="extension"/></layers><edges/></net>'
    )
    value, _, _ = measured(tmp_path, tmp_path / "m.xml", openvino_opset="<=13", openvino_ir="<=10")
    assert value == 1


def test_entries_about_another_artifact_of_the_target_do_not_count(tmp_path):
    value, detail, details = measured(tmp_path, BLOB, openvino="<=2022.1", onnx_opset="<=17")
    assert (value, detail) == (0, "")
    assert [row["verdict"] for row in details["rows"]] == ["runs", "other artifact"]


@pytest.mark.parametrize(
    ("firmware", "why"),
    [
        ({}, "the target declares no firmware"),
        ({"onnx_opset": "<=17"}, "the target's firmware says nothing of this kind of artifact"),
    ],
)
def test_where_no_entry_is_about_the_artifact_nothing_is_measured(tmp_path, firmware, why):
    value, detail, _ = measured(tmp_path, BLOB, **firmware)
    assert (value, detail) == (None, why)


@pytest.mark.parametrize("name", ["blob", "dlc", "xml", "onnx"])
def test_a_damaged_artifact_proves_nothing(tmp_path, name):
    (tmp_path / f"bad.{name}").write_bytes(b"junk")
    entry = {"blob": "openvino", "dlc": "qnn", "xml": "openvino_ir", "onnx": "onnx_opset"}[name]
    value, detail, _ = measured(tmp_path, tmp_path / f"bad.{name}", **{entry: ">=1"})
    assert value is None
    assert detail.startswith(f"`{entry}`: model.{name} cannot be read: ")
