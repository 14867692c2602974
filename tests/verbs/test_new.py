"""`doit new` makes a manifest that loads and says what the file says."""

import io
import struct

import pytest

from edgebuild.errors import EdgebuildError
from edgebuild.kinds import load_kinds
from edgebuild.manifest.load import load
from edgebuild.settings import Settings
from edgebuild.verbs import Context, new

TARGET = "kind: target\nname: desktop\ndescription: d\ndevice: {vendor: v, soc: s}\nbackend: onnx\n"


def field(number, data):
    """A length-delimited protobuf field."""
    if isinstance(data, str):
        data = data.encode()
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


def number(number, value):
    return bytes([number << 3, value])


def value_info(name, *shape):
    dims = b"".join(field(1, number(1, d) if d else field(2, "batch")) for d in shape)
    tensor = number(1, 1) + field(2, dims)
    return field(1, name) + field(2, field(1, tensor))


def onnx(path, shape=(0, 3, 8, 8)):
    """y = Relu(x): ir_version 8, opset 13, written byte by byte."""
    node = field(1, "x") + field(2, "y") + field(4, "Relu")
    graph = field(1, node) + field(2, "g")
    graph += field(11, value_info("x", *shape)) + field(12, value_info("y", *shape))
    body = number(1, 8) + b"\x3a" + struct.pack("B", len(graph)) + graph + field(8, number(2, 13))
    path.write_bytes(body)


@pytest.fixture
def context(tmp_path):
    (tmp_path / "manifests/targets").mkdir(parents=True)
    (tmp_path / "manifests/models").mkdir()
    (tmp_path / "manifests/targets/desktop.yaml").write_text(TARGET)
    onnx(tmp_path / "net.onnx")
    return Context(root=tmp_path, settings=Settings(home=tmp_path / "home"), out=io.StringIO())


def test_the_manifest_loads_and_an_open_dimension_is_one(context):
    assert new.run(context, model="my-net", file=str(context.root / "net.onnx"))
    found = load(context.root, load_kinds()).models["my-net"]
    assert found.contract.inputs["x"].shape == (1, 3, 8, 8)
    assert list(found.targets) == ["desktop"]
    assert "doit build target=desktop model=my-net" in context.out.getvalue()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"model": "my-net"}, "say the model's name and its ONNX file"),
        ({"model": "../evil", "file": "net.onnx"}, "`../evil` cannot be a model's name"),
        ({"model": "net", "file": "absent.onnx"}, "there is no file absent.onnx"),
    ],
)
def test_what_cannot_be_made_is_said(context, words, text):
    with pytest.raises(EdgebuildError) as caught:
        new.run(context, **words)
    assert text in caught.value.message
    assert list((context.root / "manifests/models").iterdir()) == []


def test_nothing_is_overwritten(context):
    new.run(context, model="my-net", file=str(context.root / "net.onnx"))
    with pytest.raises(EdgebuildError, match="is there already"):
        new.run(context, model="my-net", file=str(context.root / "net.onnx"))
