"""TFLite files are read without trusting a byte of them."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgebuild.errors import EdgebuildError
from edgebuild.formats import tflite
from edgebuild.formats.tflite import TfliteOp, TfliteTensor
from edgebuild.steps import converted


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return converted.write_tflite(tmp_path_factory.mktemp("tflite") / "model.tflite")


def test_says_inputs_outputs_and_ops(file):
    found = tflite.load(file)
    assert found.inputs == (
        TfliteTensor(name="serving_default_image:0", shape=(None, 6, 4, 3), dtype="float32"),
    )
    assert found.outputs == (
        TfliteTensor(name="StatefulPartitionedCall:0", shape=(None, 6, 4, 2), dtype="float32"),
    )
    assert found.ops == (
        TfliteOp(type="CONV_2D", output="relu1"),
        TfliteOp(type="CONV_2D", output="conv2"),
        TfliteOp(type="LOGISTIC", output="StatefulPartitionedCall:0"),
    )


def test_every_cut_is_noticed(file, tmp_path):
    """Also one behind all that describes the graph: weights are looked at."""
    data = file.read_bytes()
    cut = tmp_path / "cut.tflite"
    for length in range(0, len(data), 7):
        cut.write_bytes(data[:length])
        with pytest.raises(tflite.TfliteError):
            tflite.load(cut)


def test_what_is_no_tflite_says_so(tmp_path):
    path = tmp_path / "net.tflite"
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(tflite.TfliteError) as caught:
        tflite.load(path)
    assert str(caught.value) == (
        "error: net.tflite is not a TFLite file, or is damaged: not a FlatBuffer of kind TFL3\n"
        "hint: obtain it again, and compare its sha256 with its maker's"
    )


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_change_is_read_or_refused(file, tmp_path_factory, data):
    changed = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.tflite"
    path.write_bytes(changed)
    with contextlib.suppress(EdgebuildError):
        tflite.load(path)
