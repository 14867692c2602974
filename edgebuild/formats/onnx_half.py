"""Which values of an ONNX graph can be float16, by the schemas of its ops."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx
    from onnx.defs import OpSchema

LARGEST = 65504.0  # the largest finite float16
SMALLEST_NORMAL = 2.0**-14


def settings(node: onnx.NodeProto, opset: int) -> set[int]:
    """Indices of inputs that are float32 whatever the op computes in: `scales` of Resize, ..."""
    schema = _schema(node, opset)
    if schema is None:
        return set()
    kinds = _kinds(schema.inputs, len(node.input))
    return {i for i, kind in enumerate(kinds) if kind == "tensor(float)"}


def can_be_half(node: onnx.NodeProto, opset: int, floats: Collection[str]) -> bool:
    """Whether the op may compute in float16 what it computes in float32.

    `floats` are the names of float32 values. True if every type variable that one of them is bound
    to has float16; False for Range or NonMaxSuppression, for ops that hold graphs, and for ops
    whose attributes tell their type.
    """
    schema = _schema(node, opset)
    if schema is None or "dtype" in schema.attributes or any(_graphs(node)):
        return False
    allowed = {c.type_param_str: c.allowed_type_strs for c in schema.type_constraints}
    kinds = [
        kind
        for names, formals in ((node.input, schema.inputs), (node.output, schema.outputs))
        for name, kind in zip(names, _kinds(formals, len(names)), strict=True)
        if name in floats and kind in allowed
    ]
    return bool(kinds) and all("tensor(float16)" in allowed[kind] for kind in kinds)


def fixed_outputs(node: onnx.NodeProto, opset: int) -> set[int]:
    """Indices of outputs that are float32 always, as of DequantizeLinear below opset 19."""
    schema = _schema(node, opset)
    if schema is None:
        return set(range(len(node.output)))
    kinds = _kinds(schema.outputs, len(node.output))
    return {i for i, kind in enumerate(kinds) if kind == "tensor(float)"}


def _kinds(formals: Sequence[OpSchema.FormalParameter], count: int) -> list[str]:
    """The type, or type variable, of each actual parameter; the last formal one may be variadic."""
    return [formals[min(i, len(formals) - 1)].type_str for i in range(count)]


def _graphs(node: onnx.NodeProto) -> list[bool]:
    return [a.HasField("g") or bool(a.graphs) for a in node.attribute]


def _schema(node: onnx.NodeProto, opset: int) -> OpSchema | None:
    """None for ops of other domains: what they take is not known."""
    from onnx import defs

    return None if node.domain else defs.get_schema(node.op_type, opset)
