"""What an artifact was made with is read from its own bytes, and ranges of versions mean what people mean."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgebuild.formats import versions
from edgebuild.formats.version_range import holds, parse

HERE = Path(__file__).parent
IR = '<net name="n" version="{}"><layers>{}</layers><edges/>{}</net>'
LAYER = '<layer id="{0}" name="n" type="T" version="opset{0}"/>'


@pytest.mark.parametrize(
    ("bounds", "version", "inside"),
    [
        (">=2.40,<=2.51", "2.51.0.260929181845", True),
        (">=2.40,<=2.51", "2.52", False),
        (">=2.40,<=2.51", "2.39.9", False),
        ("<2.51", "2.51.0", False),
        (">2.51", "2.51.9", False),
        (">2.51", "2.52.0", True),
        ("==2.51", "2.51.3", True),
        ("!=2.51", "2.51.3", False),
        ("~=2.40", "2.51", True),
        ("~=2.40", "3.0", False),
        ("~=2.40", "2.39", False),
        ("<=2022.1", "2020.4", True),
        (">=6", "6.0", True),
        ("<=17", "9", True),
        (">=11.0", "11", True),
        (">=2.1rc1", "2.1rc2", True),
    ],
)
def test_a_bound_stands_for_all_versions_that_begin_with_it(bounds, version, inside):
    assert holds(bounds, version) is inside


NUMBERS = st.lists(st.integers(0, 99), min_size=1, max_size=4).map(lambda n: ".".join(map(str, n)))


@given(NUMBERS, NUMBERS)
def test_bounds_cover_every_version_once(bound, version):
    below, same, above = (holds(f"{w}{bound}", version) for w in ("<", "==", ">"))
    assert below + same + above == 1
    assert holds(f"<={bound}", version) is (below or same)
    assert holds(f">={bound}", version) is (above or same)


@given(st.text(max_size=60))
def test_any_text_can_be_a_version(text):
    assert parse(text) == parse(text)


def told(tmp_path, name, content):
    path = tmp_path / f"model.{name}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return {key: str(one) for key, one in versions.told({name: path}).items()}


def test_a_blob_tells_its_format_and_so_the_releases(tmp_path):
    data = (HERE / "blobs/convolution_U8_1.blob").read_bytes()
    assert told(tmp_path, "blob", data) == {
        "blob": "6.0 (header of model.blob)",
        "openvino": "2020.4 to 2022.1 (blob format 6.0)",
    }
    old = bytearray(data)
    old[60] = 5
    assert told(tmp_path, "blob", bytes(old))["openvino"] == "2020.3 (blob format 5.0)"
    old[60] = 9
    assert (
        told(tmp_path, "blob", bytes(old))["openvino"]
        == "blob format 9.0 belongs to no known release"
    )


def test_a_dlc_tells_who_converted_it(tmp_path):
    data = (HERE / "dlcs/tiny_int8.dlc").read_bytes()
    assert told(tmp_path, "dlc", data) == {
        "dlc": "4 (members of model.dlc)",
        "qnn": "2.51.0.260929181845 (metadata of model.dlc)",
    }


def test_an_ir_tells_the_first_release_that_knows_all_in_it(tmp_path):
    found = told(tmp_path, "xml", IR.format(11, LAYER.format(1) + LAYER.format(13), ""))
    assert found == {
        "openvino_ir": "11 (head of model.xml)",
        "openvino_opset": "13 (layers of model.xml)",
        "openvino": "2023.2 or later (IR 11, opset13)",
    }
    assert told(tmp_path, "xml", IR.format(11, LAYER.format(1), ""))["openvino"] == (
        "2022.1 or later (IR 11, opset1)"
    )


def test_an_ir_that_says_who_wrote_it_is_believed(tmp_path):
    made = '<rt_info><Runtime_version value="2024.6.0-17404-4c0f47d-releases/2024/6"/></rt_info>'
    found = told(tmp_path, "xml", IR.format(11, LAYER.format(1), made))
    assert found["openvino"] == "2024.6.0 (Runtime_version)"


def test_op_sets_that_are_newer_than_what_is_published_are_not_guessed(tmp_path):
    assert told(tmp_path, "xml", IR.format(11, LAYER.format(99), ""))["openvino"] == (
        "which release IR 11 with opset99 needs is not known"
    )


def test_an_onnx_file_tells_its_op_set_and_format(tmp_path):
    from edgebuild.steps import examples

    assert told(tmp_path, "onnx", examples.write_model(tmp_path / "m").read_bytes()) == {
        "onnx_opset": "13 (opset_import of model.onnx)",
        "onnx_ir": "7 (head of model.onnx)",
    }


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("blob", "it is no MyriadX blob"),
        ("xml", "model.xml is not XML, or is cut short: syntax error: line 1, column 0"),
        ("onnx", "a model has one graph, this file has 0"),
        ("dlc", "the file is no DLC, is cut short or goes on after its end"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, name, why):
    content = b"" if name == "onnx" else b"junk"
    found = told(tmp_path, name, content)
    assert found
    assert set(found.values()) == {f"model.{name} cannot be read: {why}"}


@pytest.mark.parametrize(
    ("how", "made", "bounds", "runs"),
    [
        ("all", ("2.40", "2.51"), "<=2.51", True),
        ("all", ("2.40", "2.51"), "<=2.50", False),
        ("any", ("2020.4", "2022.1"), "==2020.4", True),
        ("any", ("2020.4", "2022.1"), "<=2020.3", False),
        ("from", ("2022.1",), "<=2024.6", True),
        ("from", ("2022.1",), ">=2024.1,<=2024.6", True),
        ("from", ("2022.1",), ">2024.6", True),
        ("from", ("2022.1",), "<=2021.4", False),
        ("from", ("2022.1",), "<2022.1", False),
    ],
)
def test_what_firmware_runs(how, made, bounds, runs):
    assert versions.Told(versions=made, how=how).runs(bounds) is runs
