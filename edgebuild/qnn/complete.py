"""Puts the Q/DQ pairs that are still missing around nodes of a quantised model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from edgebuild.qnn.coverage import DEQUANTIZE, QUANTIZE, float_nodes

if TYPE_CHECKING:
    import onnx

Range = tuple[float, float]
SMALLEST_RANGE = 1e-4  # as ONNX Runtime's settings for QNN have it


def complete(
    model: onnx.ModelProto, ranges: Mapping[str, Range], *, bits: int, keep: Collection[str]
) -> int:
    """How many pairs were put around nodes whose names are not in `keep`.

    A value that has a pair already shares it. `ranges` are the observed ones, by value; a value
    without one stays as it is. The types in `model` must be inferred; afterwards its nodes are in
    no particular order.
    """
    done, added = set(keep), 0
    while node := next((n for n in float_nodes(model) if n.name not in done), None):
        done.add(node.name)
        for name in node.tensors:
            if name in ranges:
                _quantise(model.graph, node.name, name, ranges[name], bits)
                added += 1
    return added


def _quantise(graph: onnx.GraphProto, of: str, name: str, seen: Range, bits: int) -> None:
    pair = _pair_of(graph, name) or _add_pair(graph, name, seen, bits)
    node = next(n for n in graph.node if n.name == of)
    if name in node.output:
        _put_behind(graph, node, name, pair)
    else:
        node.input[:] = [pair[1].output[0] if i == name else i for i in node.input]


Pair = tuple["onnx.NodeProto", "onnx.NodeProto"]


def _pair_of(graph: onnx.GraphProto, name: str) -> Pair | None:
    """The pair that quantises a value for others already."""
    for first in graph.node:
        if first.op_type == QUANTIZE and first.input[0] == name:
            for second in graph.node:
                if second.op_type == DEQUANTIZE and second.input[0] == first.output[0]:
                    return first, second
    return None


def _add_pair(graph: onnx.GraphProto, name: str, seen: Range, bits: int) -> Pair:
    import numpy as np
    from onnx import numpy_helper

    low, high = min(seen[0], 0.0), max(seen[1], 0.0)
    scale = max(high - low, SMALLEST_RANGE) / (2**bits - 1)
    point = round(-low / scale)
    kind = {8: np.uint8, 16: np.uint16}[bits]
    scale_name, point_name = f"{name}_edge_scale", f"{name}_edge_zero_point"
    graph.initializer.append(numpy_helper.from_array(np.float32(scale), scale_name))
    graph.initializer.append(numpy_helper.from_array(kind(point), point_name))
    first, second = graph.node.add(), graph.node.add()
    settings = [scale_name, point_name]
    _become(first, QUANTIZE, [name, *settings], f"{name}_edge_quantized")
    _become(second, DEQUANTIZE, [first.output[0], *settings], f"{name}_edge")
    return first, second


def _become(node: onnx.NodeProto, op: str, inputs: list[str], output: str) -> None:
    from onnx import helper

    node.CopyFrom(helper.make_node(op, inputs, [output], f"{output}_{op}"))


def _put_behind(graph: onnx.GraphProto, node: onnx.NodeProto, name: str, pair: Pair) -> None:
    """The pair comes right behind the node that makes a value; all its readers read the pair."""
    raw, old = f"{name}_float", pair[1].output[0]
    node.output[:] = [raw if o == name else o for o in node.output]
    for reader in graph.node:
        reader.input[:] = [name if i == old else i for i in reader.input]
    pair[0].input[0] = raw
    pair[1].output[0] = name
