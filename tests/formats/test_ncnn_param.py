"""A .param of NCNN that contradicts itself is refused before NCNN reads it."""

import pytest

from edgebuild.formats import ncnn_param
from edgebuild.formats.ncnn_param import NcnnError
from edgebuild.steps import converted


@pytest.fixture
def param(tmp_path):
    converted.write_ncnn(tmp_path / "net.param", tmp_path / "net.bin")
    return tmp_path / "net.param"


def test_says_layers_inputs_and_outputs(param):
    found = ncnn_param.load(param)
    assert (found.inputs, found.outputs) == (("in0",), ("out0",))
    assert [layer.type for layer in found.layers] == [
        "Input",
        "Convolution",
        "Convolution",
        "Sigmoid",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("7767517", "7767516", "does not begin with 7767517, as a .param of NCNN does"),
        ("4 4\n", "4\n", ", line 2: not the counts of layers and blobs"),
        ("4 4\n", f"{'9' * 5000} 4\n", ", line 2: not the counts of layers and blobs"),
        (" 1 1 c1 c2 0=2", f" 1 {'9' * 5000} c1 c2 0=2", ", line 5: not a layer"),
        ("4 4\n", "5 4\n", " has 4 layers and 4 blobs, its second line says 5 and 4"),
        (" 1 1 c1 c2 0=2", " 2 1 c1 c2 0=2", ", line 5: layer `conv2` does not name 2 + 1 blobs"),
        ("c1 c2 ", "c9 c2 ", ": layer `conv2` reads `c9`, but no layer before makes it"),
        ("c1 c2 ", "in0 c2 ", ": layer `conv2` reads `in0`, but two layers read it"),
        ("c2 out0", "c2 c1", ": two layers make `c1`"),
        ("conv1 ", "x" * 300 + " ", ", line 4: a name of more than 255 characters"),
    ],
)
def test_a_contradiction_is_named(param, old, new, message):
    text = param.read_text()
    assert old in text
    param.write_text(text.replace(old, new))
    with pytest.raises(NcnnError) as caught:
        ncnn_param.load(param)
    assert caught.value.message.endswith(message)


def test_the_binary_form_is_told_from_the_text(param):
    param.write_bytes(b"\xdd\x85\x76\x00\xff\xfe")
    with pytest.raises(NcnnError) as caught:
        ncnn_param.load(param)
    assert str(caught.value) == (
        "error: net.param is not text\nhint: the binary .param.bin is not read; give the .param"
    )
