"""The QuantizeLinear nodes of an ONNX model: which floats each takes, and what range its integers stand for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

Bounds: TypeAlias = tuple[float, float]
NO_BOUNDS: Bounds = (-math.inf, math.inf)
QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"


@dataclass(frozen=True, kw_only=True)
class Quantiser:
    """One QuantizeLinear of fixed scale. `value` are the floats it takes, `layer` the node that makes them.

    `scale` and `zero_point` have one figure, or one a channel, in a shape that broadcasts against the value.
    An integer q stands for `(q - zero_point) * scale`. `bounds` are those of a Relu or Clip that became part
    of the quantiser: what lies beyond them is cut on purpose.
    """

    node: str
    value: str
    layer: str
    type: str
    scale: NDArray[Any]
    zero_point: NDArray[Any]
    bounds: Bounds = NO_BOUNDS

    @property
    def low(self) -> NDArray[Any]:
        """What the smallest integer stands for."""
        return (self._bounds[0] - self.zero_point) * self.scale

    @property
    def high(self) -> NDArray[Any]:
        """What the largest integer stands for."""
        return (self._bounds[1] - self.zero_point) * self.scale

    def stored(self, value: float) -> list[float]:
        """The integers that a value becomes, one for each scale."""
        import numpy as np

        steps = np.rint(value / self.scale) + self.zero_point
        return [float(q) for q in np.clip(steps, *self._bounds).ravel()]

    @property
    def _bounds(self) -> tuple[int, int]:
        bits = int(self.type.removeprefix("u").removeprefix("int"))
        if self.type.startswith("u"):
            return 0, 2**bits - 1
        return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def quantisers(
    model: onnx.ModelProto, source: Mapping[str, Bounds] | None = None
) -> list[Quantiser]:
    """Those of the main graph that take floats which follow from the model's inputs, in order.

    `source` is what `bounds_of` says of the model before it was quantised. A value that it does not know and
    whose integers begin at 0 counts as behind a Relu.

    Left out are constants (weights that are quantised as the model runs), scales that are computed, blocks
    and types that are no integers.
    """
    found = []
    for one in _quantisers(model.graph):
        behind_relu = (0.0, math.inf) if float(one.low.min()) == 0.0 else NO_BOUNDS
        found.append(replace(one, bounds=(source or {}).get(one.value, behind_relu)))
    return found


def bounds_of(model: onnx.ModelProto) -> dict[str, Bounds]:
    """What Relu and Clip leave of each value; NO_BOUNDS of all others."""
    from onnx import numpy_helper

    constants = {t.name: t for t in model.graph.initializer}
    found: dict[str, Bounds] = {}
    for node in model.graph.node:
        bounds = NO_BOUNDS
        if node.op_type == "Relu":
            bounds = (0.0, math.inf)
        elif node.op_type == "Clip":
            given = {a.name: a.f for a in node.attribute}
            for name, value in zip(("min", "max"), node.input[1:], strict=False):
                if value in constants:
                    given[name] = float(numpy_helper.to_array(constants[value]))
            bounds = (given.get("min", -math.inf), given.get("max", math.inf))
        found |= dict.fromkeys(node.output, bounds)
    return found


def makers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """The node that makes each value."""
    return {name: node for node in graph.node for name in node.output if name}


def layer_of(value: str, made_by: Mapping[str, onnx.NodeProto]) -> str:
    """Name of the node that computes a value, looking through Q/DQ pairs; "" = an input of the model."""
    node = made_by.get(value)
    while node is not None and node.op_type in (QUANTIZE, DEQUANTIZE):
        node = made_by.get(node.input[0])
    return node.name if node is not None else ""


def _quantisers(graph: onnx.GraphProto) -> Iterator[Quantiser]:
    from onnx import numpy_helper

    constants = {t.name: t for t in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
    made_by = makers(graph)
    live = _live(graph, constants)
    ranks = _ranks(graph)
    for node in graph.node:
        if node.op_type != QUANTIZE or node.input[0] not in live or node.input[1] not in constants:
            continue
        attributes = {a.name: a.i for a in node.attribute}
        zero = node.input[2] if len(node.input) > 2 else ""
        scale = numpy_helper.to_array(constants[node.input[1]]).astype("float64")
        if attributes.get("block_size") or scale.ndim > 1 or (zero and zero not in constants):
            continue
        kind = _kind(constants[zero].data_type if zero else attributes.get("output_dtype", 0))
        if not kind:
            continue
        point = numpy_helper.to_array(constants[zero]) if zero else scale * 0
        shape = [1]
        if scale.size > 1:
            rank = ranks.get(node.input[0])
            if rank is None:
                continue
            shape = [1] * rank
            shape[attributes.get("axis", 1)] = scale.size
        yield Quantiser(
            node=node.name,
            value=node.input[0],
            layer=layer_of(node.input[0], made_by),
            type=kind,
            scale=scale.reshape(shape),
            zero_point=point.astype("float64").reshape(shape),
        )


def _kind(data_type: int) -> str:
    """Name of an integer type; uint8 if none is given, "" for a type that is none."""
    from onnx import TensorProto

    if not data_type:
        return "uint8"
    name = TensorProto.DataType.Name(data_type).lower()
    return name if name.removeprefix("u").removeprefix("int").isdigit() else ""


def _live(graph: onnx.GraphProto, constants: Mapping[str, Any]) -> set[str]:
    """Values that follow from the model's inputs."""
    live = {value.name for value in graph.input} - constants.keys()
    for node in graph.node:
        if not live.isdisjoint(node.input) or any(a.HasField("g") for a in node.attribute):
            live |= set(node.output)
    return live


def _ranks(graph: onnx.GraphProto) -> dict[str, int]:
    values = (*graph.input, *graph.output, *graph.value_info)
    return {
        v.name: len(v.type.tensor_type.shape.dim)
        for v in values
        if v.type.tensor_type.HasField("shape")
    }
