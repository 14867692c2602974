"""Takes the Q/DQ pairs off the edges of a model, so that it takes and gives quantised integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.qnn import QnnError
from edgebuild.qnn.coverage import DEQUANTIZE, QUANTIZE

if TYPE_CHECKING:
    import onnx


def quantised_edges(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose float inputs and outputs are 8-bit integers, by the scales of their Q/DQ.

    An input has to go into QuantizeLinear only, an output to come out of DequantizeLinear.
    QnnError if one is not so, or is quantised to something else than uint8.
    """
    import onnx

    out = onnx.ModelProto()
    out.CopyFrom(model)
    del out.graph.value_info[:]  # some would now be of the wrong type; loading infers them anew
    for value in out.graph.input:
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            _input(out.graph, value)
    for value in out.graph.output:
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            _output(out.graph, value)
    return out


def _input(graph: onnx.GraphProto, value: onnx.ValueInfoProto) -> None:
    readers = [node for node in graph.node if value.name in node.input]
    if not readers or any(node.op_type != QUANTIZE for node in readers):
        raise _open("input", value.name)
    if len({tuple(node.input) for node in readers}) > 1:
        raise QnnError(f"input `{value.name}` is quantised in two ways")
    for node in readers:
        _rename(graph, node.output[0], value.name)
        graph.node.remove(node)
    _retype(graph, value, readers[0])


def _output(graph: onnx.GraphProto, value: onnx.ValueInfoProto) -> None:
    maker = next((node for node in graph.node if value.name in node.output), None)
    if maker is None or maker.op_type != DEQUANTIZE:
        raise _open("output", value.name)
    if maker.input[0] in {v.name for v in (*graph.input, *graph.output)}:
        raise QnnError(f"output `{value.name}` has the same quantised values as `{maker.input[0]}`")
    if any(value.name in node.input for node in graph.node):
        # Something inside reads the float too: it keeps a DequantizeLinear of its own.
        _rename(graph, value.name, f"{value.name}_float")
    else:
        graph.node.remove(maker)
    _rename(graph, maker.input[0], value.name)
    _retype(graph, value, maker)


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == old:
                    names[i] = new


def _retype(graph: onnx.GraphProto, value: onnx.ValueInfoProto, node: onnx.NodeProto) -> None:
    import onnx

    point = next((t for t in graph.initializer if t.name in node.input[2:3]), None)
    kind = point.data_type if point is not None else onnx.TensorProto.UINT8
    if kind != onnx.TensorProto.UINT8:
        raise QnnError(
            f"`{value.name}` is quantised to {onnx.TensorProto.DataType.Name(kind).lower()}",
            hint="`io: quantized` needs uint8; use `io: float` or `activation: uint8`",
        )
    value.type.tensor_type.elem_type = kind


def _open(side: str, name: str) -> QnnError:
    return QnnError(
        f"{side} `{name}` is not quantised, so it cannot be 8 bits at the edge",
        hint="quantise the model with `quantize_int8: {target: qnn}` before, or use `io: float`",
    )
