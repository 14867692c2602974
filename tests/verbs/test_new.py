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


FLOAT, INT64, STRING = 1, 7, 8


def value_info(name, *shape, dtype=FLOAT):
    dims = b"".join(field(1, number(1, d) if d else field(2, "batch")) for d in shape)
    tensor = number(1, dtype) + field(2, dims)
    return field(1, name) + field(2, field(1, tensor))


def onnx(path, shape=(0, 3, 8, 8), x="x", y="y", types=(FLOAT, FLOAT), more=b""):
    """y = Relu(x): ir_version 8, opset 13, written byte by byte."""
    node = field(1, x) + field(2, y) + field(4, "Relu")
    graph = field(1, node) + field(2, "g") + more
    graph += field(11, value_info(x, *shape, dtype=types[0]))
    graph += field(12, value_info(y, *shape, dtype=types[1]))
    assert len(graph) < 128
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
    ("device", "backend", "recipe", "calibrated"),
    [
        (
            "soc: QCS8250, soc_model: 21",
            "qnn_dlc",
            [("pass/quantize_int8", {"target": "qnn"})],
            True,
        ),
        ("soc: SM8550, soc_model: 43", "qnn_dlc", [], False),
        ("soc: Myriad X", "myriad_blob", [("pass/legalize", {})], False),
    ],
)
def test_the_recipe_has_what_the_targets_compiler_needs(
    context, device, backend, recipe, calibrated
):
    text = f"kind: target\nname: board\ndescription: d\ndevice: {{vendor: v, {device}}}\nbackend: {backend}\n"
    (context.root / "manifests/targets/board.yaml").write_text(text)
    assert new.run(context, model="net", file=str(context.root / "net.onnx"), target="board")
    found = load(context.root, load_kinds()).models["net"]
    uses = found.targets["board"].recipe
    assert [
        (use.kind, {k: v for k, v in use.params.items() if k in ("target",)}) for use in uses
    ] == recipe
    assert ("calibration" in found.data) == calibrated


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


@pytest.mark.parametrize(
    ("x", "y"),
    [("true", "no"), ("12", "1e5"), ("a:0", "b#1"), ('"', "\\"), ("-", "a,b"), ("{x}", "[y]"),
     ("x/y.z", "größe"), ("a", "\U0001f600"), ("null", "~")],
)  # fmt: skip
def test_names_of_tensors_are_quoted_where_yaml_needs_it(context, x, y):
    onnx(context.root / "net.onnx", shape=(1, 8), x=x, y=y)
    new.run(context, model="my-net", file=str(context.root / "net.onnx"))
    contract = load(context.root, load_kinds()).models["my-net"].contract
    assert (list(contract.inputs), list(contract.outputs)) == ([x], [y])
    namespace = {"__name__": "data"}
    text = (context.root / "manifests/models/my-net/data.py").read_text()
    exec(text.replace("import numpy as np", ""), namespace)
    assert namespace["SHAPES"] == {x: (1, 8)}


@pytest.mark.parametrize(
    ("name", "copied"),
    [
        ("a, b: c #1.onnx", "a, b: c #1.onnx"),
        ("'\"}.onnx", "'\"}.onnx"),
        ("manifest.yaml", "12.onnx"),
    ],
)
def test_names_of_files_are_quoted_and_none_takes_another_files_place(context, name, copied):
    onnx(context.root / name)
    new.run(context, model="12", file=str(context.root / name))
    found = load(context.root, load_kinds()).models["12"]
    assert found.source.params["model"].path == f"manifests/models/12/{copied}"
    assert (context.root / found.source.params["model"].path).is_file()
    assert name in found.description or copied in found.description


EXTERNAL = field(5, field(8, "w") + number(14, 1))


@pytest.mark.parametrize(
    ("made", "text"),
    [
        ({"types": (INT64, FLOAT)}, "this model has inputs that are not float32"),
        ({"types": (FLOAT, STRING)}, "`y` is of type STRING, which manifests do not have"),
        ({"more": EXTERNAL}, "net.onnx keeps its weights in other files"),
        ({"x": "a b"}, "1 problem"),
        ({"x": "y"}, "1 problem"),
        ({"x": "\x7fa"}, "1 problem"),  # what commands a terminal
    ],
)
def test_a_file_that_cannot_be_described_leaves_nothing_behind(context, made, text):
    onnx(context.root / "net.onnx", **made)
    with pytest.raises(EdgebuildError) as caught:
        new.run(context, model="my-net", file=str(context.root / "net.onnx"))
    assert text in caught.value.message
    assert list((context.root / "manifests/models").iterdir()) == []


def test_a_target_that_nobody_declares_is_refused_with_a_suggestion(context):
    with pytest.raises(EdgebuildError) as caught:
        new.run(context, model="net", file=str(context.root / "net.onnx"), target="desktp")
    assert str(caught.value) == "error: unknown target `desktp`\nhint: did you mean `desktop`?"
    assert list((context.root / "manifests/models").iterdir()) == []
