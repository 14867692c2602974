"""Which nodes of an ONNX model still compute in floats, because Q/DQ is missing around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"
# Ops whose later inputs are settings, not data: bounds, a value to fill with, statistics, sizes.
_DATA_INPUTS = {"BatchNormalization": 3, "Clip": 1, "Pad": 1, "Resize": 1, "Upsample": 1}


@dataclass(frozen=True, kw_only=True)
class FloatNode:
    """A node with float tensors that no Q/DQ pair quantises."""

    name: str
    op: str
    tensors: tuple[str, ...]


def float_nodes(model: onnx.ModelProto) -> list[FloatNode]:
    """Nodes of the graph that are not fully quantised, in order, each with those tensors.

    Quantised is a node whose float inputs all come out of DequantizeLinear and whose float outputs
    all go into QuantizeLinear only. The model's types must be inferred.
    """
    floats = _floats(model)
    graph = model.graph
    makers = {name: node.op_type for node in graph.node for name in node.output}
    readers: dict[str, set[str]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, set()).add(node.op_type)
    for value in graph.output:
        readers.setdefault(value.name, set()).add("the model's output")
    found = []
    for node in graph.node:
        if node.op_type in (QUANTIZE, DEQUANTIZE):
            continue
        data = node.input[: _DATA_INPUTS.get(node.op_type, len(node.input))]
        open_tensors = [n for n in data if n in floats and makers.get(n) != DEQUANTIZE]
        open_tensors += [n for n in node.output if n in floats and readers.get(n) != {QUANTIZE}]
        if open_tensors:
            tensors = tuple(dict.fromkeys(open_tensors))
            found.append(FloatNode(name=node.name, op=node.op_type, tensors=tensors))
    return found


def is_quantised(model: onnx.ModelProto) -> bool:
    """Whether the model has any Q/DQ at all."""
    return any(node.op_type == QUANTIZE for node in model.graph.node)


def _floats(model: onnx.ModelProto) -> set[str]:
    """Names of values and initializers of a floating-point type."""
    import onnx

    kinds = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE}
    graph = model.graph
    values = (*graph.input, *graph.output, *graph.value_info)
    names = {v.name for v in values if v.type.tensor_type.elem_type in kinds}
    return names | {t.name for t in graph.initializer if t.data_type in kinds}
