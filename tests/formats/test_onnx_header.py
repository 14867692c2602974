"""ONNX files read without the onnx package: what they say, and that nothing hostile gets past it."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgebuild.formats import onnx_header
from edgebuild.formats.onnx_header import OnnxHeaderError
from edgebuild.formats.protobuf import field
from edgebuild.myriad import example_model

MODEL = example_model.onnx("image", "mask")
FLOAT, INT64 = 1, 7


def node(op, inputs, outputs, *attributes, name="", domain=""):
    data = b"".join(
        [
            *(field(1, i) for i in inputs),
            *(field(2, o) for o in outputs),
            field(3, name),
            field(4, op),
            *(field(5, a) for a in attributes),
            field(7, domain),
        ]
    )
    return field(1, data)


def tensor(name, code, raw, *extra):
    return field(2, code) + field(8, name) + field(9, raw) + b"".join(extra)


def value(name, *dims, code=FLOAT):
    """A dimension may be a number, a name, or None for nothing said."""
    said = [b"" if d is None else field(2, d) if isinstance(d, str) else field(1, d) for d in dims]
    shape = b"".join(field(1, d) for d in said)
    return field(1, name) + field(2, field(1, field(1, code) + field(2, shape)))


def model(*graph, opsets=(("", 13),)):
    imports = b"".join(field(8, field(1, d) + field(2, v)) for d, v in opsets)
    return field(1, 8) + field(7, b"".join(graph)) + imports


def test_reads_op_sets_inputs_outputs_and_nodes():
    header = onnx_header.read(MODEL)
    assert (header.ir_version, header.opset, header.external_data) == (8, 13, False)
    assert [(v.name, v.dtype, v.shape) for v in header.inputs] == [("image", "FLOAT", (1, 3, 6, 4))]
    assert [(v.name, v.shape) for v in header.outputs] == [("mask", (1, 2, 6, 4))]
    assert [(n.op, n.name, n.inputs, n.outputs) for n in header.nodes] == [
        ("Conv", "conv", ("image", "weights"), ("inner",)),
        ("Sigmoid", "last", ("inner",), ("mask",)),
    ]


def test_the_default_domain_has_two_names_and_others_stay_apart():
    header = onnx_header.read(model(opsets=(("ai.onnx", 11), ("com.example", 3))))
    assert (header.opset, header.opsets) == (11, {"": 11, "com.example": 3})
    assert onnx_header.read(model(opsets=())).opset == 0


def test_shapes_that_are_not_fixed_are_told_apart():
    header = onnx_header.read(
        model(
            field(11, value("a", 1, "height", None, 0)),
            field(11, field(1, "b") + field(2, field(1, field(1, INT64)))),
            field(12, value("c")),
            field(13, value("inner", 2, 3)),
        )
    )
    assert [(v.dtype, v.shape) for v in header.inputs] == [
        ("FLOAT", (1, None, None, 0)),
        ("INT64", None),
    ]
    assert header.outputs[0].shape == ()
    assert header.shapes["inner"] == (2, 3)


def test_an_initializer_listed_as_input_is_not_fed_by_a_user():
    header = onnx_header.read(
        model(
            field(5, tensor("w", FLOAT, b"")),
            field(11, value("x", 1)),
            field(11, value("w", 1)),
        )
    )
    assert [v.name for v in header.inputs] == ["x"]


def test_attributes_are_numbers_texts_and_lists():
    attributes = [
        field(1, "alpha") + bytes([2 << 3 | 5]) + struct.pack("<f", 0.5),
        field(1, "axis") + field(3, 2**64 - 1),
        field(1, "mode") + field(4, "linear"),
        field(1, "pads") + field(8, 1) + field(8, 2),
        field(1, "packed") + field(8, b"\x03\x04"),
        field(1, "scales") + field(7, struct.pack("<2f", 1.0, 2.0)),
        field(1, "value") + field(5, tensor("", FLOAT, b"")),
    ]
    header = onnx_header.read(model(node("Op", [], ["y"], *attributes)))
    assert header.nodes[0].attributes == {
        "alpha": 0.5,
        "axis": -1,
        "mode": "linear",
        "pads": (1, 2),
        "packed": (3, 4),
        "scales": (1.0, 2.0),
    }


def test_what_depends_on_no_input_is_constant():
    header = onnx_header.read(
        model(
            field(11, value("x", 1, 3)),
            node("Sin", ["w"], ["a"]),
            node("Relu", ["x"], ["b"]),
            node("Shape", ["b"], ["c"]),
            node("Abs", ["c"], ["d"]),
            node("Reshape", ["b", "d"], ["e"]),
        )
    )
    constant = {n.op: n.constant for n in header.nodes}
    assert constant == {
        "Sin": True,
        "Relu": False,
        "Shape": True,
        "Abs": True,
        "Reshape": False,
    }


def test_integer_constants_can_be_read():
    indices = struct.pack("<2q", 5, -1)
    header = onnx_header.read(
        model(
            field(5, tensor("raw", INT64, indices)),
            field(5, field(2, INT64) + field(8, "listed") + field(7, 3) + field(7, 2**64 - 2)),
            field(5, tensor("floats", FLOAT, b"\0\0\0\0")),
            node(
                "Constant", [], ["node"], field(1, "value") + field(5, tensor("", INT64, indices))
            ),
        )
    )
    assert header.integers("raw") == (5, -1)
    assert header.integers("listed") == (3, -2)
    assert header.integers("node") == (5, -1)
    assert header.integers("floats") is None
    assert header.integers("absent") is None


def test_nodes_of_nested_graphs_are_listed_and_are_not_constant():
    branch = field(1, "then_branch") + field(6, node("Sin", ["w"], ["t"], name="inside"))
    header = onnx_header.read(model(node("If", ["c"], ["y"], branch, name="outside")))
    assert [(n.name, n.constant) for n in header.nodes] == [("outside", False), ("inside", False)]


@pytest.mark.parametrize("where", ["initializer", "attribute", "nested"])
def test_weights_in_another_file_are_noticed(where):
    elsewhere = tensor("w", FLOAT, b"", field(14, 1))
    inside = node("Constant", [], ["c"], field(1, "value") + field(5, elsewhere))
    graph = {
        "initializer": field(5, elsewhere),
        "attribute": inside,
        "nested": node("If", ["c"], ["y"], field(1, "then_branch") + field(6, inside)),
    }[where]
    assert onnx_header.read(model(graph)).external_data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a model has one graph, this file has 0"),
        (MODEL + MODEL, "a model has one graph, this file has 2"),
        (b"not a model", "not an ONNX model: field 13 has the unknown wire type 6"),
        (field(7, 1), "not an ONNX model: field 7 is a number where a message or text belongs"),
        (model(opsets=(("", 13), ("ai.onnx", 12))), "two versions of the op set `ai.onnx`"),
    ],
)
def test_says_what_is_wrong(data, message):
    with pytest.raises(OnnxHeaderError) as caught:
        onnx_header.read(data)
    assert caught.value.message == message


def test_graphs_nested_without_end_are_refused():
    graph = b""
    for _ in range(100):
        graph = node("If", ["c"], ["y"], field(1, "then_branch") + field(6, graph))
    with pytest.raises(OnnxHeaderError, match="graphs nested deeper than any model's"):
        onnx_header.read(model(graph))


def test_no_part_of_a_model_makes_a_traceback():
    for size in range(len(MODEL)):
        try:
            onnx_header.read(MODEL[:size])
        except OnnxHeaderError:
            continue


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_change_is_read_or_refused(data):
    changed = bytearray(MODEL)
    for _ in range(data.draw(st.integers(1, 5))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        onnx_header.read(bytes(changed))
    except OnnxHeaderError as error:
        assert error.message
