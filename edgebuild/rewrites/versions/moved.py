"""Boundaries at which attributes became inputs.

Up: the attribute becomes a constant. Down: the input must be a constant and becomes the attribute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgebuild.rewrites.graph import Graph, attribute, optional, without
from edgebuild.rewrites.refused import RefusedError
from edgebuild.rewrites.versions.rule import Rule

if TYPE_CHECKING:
    import onnx

REDUCTIONS = ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "SumSquare")


@dataclass(frozen=True, kw_only=True)
class Moved:
    """An attribute that became input number `index`; where it is absent, so is the input.

    `kind` is the type of the input; empty: that of the data. `scalar`: the attribute is one value.
    `rank` is that of the input.
    """

    name: str
    index: int
    kind: str = "int64"
    scalar: bool = False
    rank: int = 1


_AXES = (Moved(name="axes", index=1),)

MOVED: dict[tuple[str, int], tuple[Moved, ...]] = {
    **{(f"Reduce{name}", 18): _AXES for name in REDUCTIONS},
    ("ReduceSum", 13): _AXES,
    ("Squeeze", 13): _AXES,
    ("Unsqueeze", 13): _AXES,
    ("Split", 13): (Moved(name="split", index=1),),
    ("Pad", 11): (
        Moved(name="pads", index=1),
        Moved(name="value", index=2, kind="", scalar=True, rank=0),
    ),
    ("Clip", 11): (
        Moved(name="min", index=1, kind="", scalar=True, rank=0),
        Moved(name="max", index=2, kind="", scalar=True, rank=0),
    ),
    ("Slice", 10): (
        Moved(name="starts", index=1),
        Moved(name="ends", index=2),
        Moved(name="axes", index=3),
    ),
    ("TopK", 10): (Moved(name="k", index=1, scalar=True),),
    ("Upsample", 9): (Moved(name="scales", index=1, kind="float32"),),
}


def rules() -> dict[tuple[str, int], Rule]:
    """Rules for all of `MOVED`."""
    made = {}
    for (op, opset), moved in MOVED.items():
        made[op, opset] = Rule(up=_up(moved), down=_down(moved))
    return made


def _up(moved: tuple[Moved, ...]) -> Callable[[Graph, onnx.NodeProto], list[onnx.NodeProto]]:
    def carry(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        import numpy as np

        build = graph.replace(node)
        for part in moved:
            value = attribute(node, part.name)
            without(node, part.name)
            if value is None:
                continue
            kind = np.dtype(part.kind) if part.kind else graph.dtype(node.input[0])
            while len(node.input) <= part.index:
                node.input.append("")
            array = np.array(value, kind)
            node.input[part.index] = build.constant(array.reshape([-1] * part.rank))
        return [node]

    return carry


def _down(moved: tuple[Moved, ...]) -> Callable[[Graph, onnx.NodeProto], list[onnx.NodeProto]]:
    def carry(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        import numpy as np
        from onnx import helper

        values: dict[str, Any] = {}
        for part in moved:
            name = optional(node, part.index)
            if not name:
                continue
            array = graph.constant(name)
            if array is None:
                raise RefusedError(f"`{part.name}` is computed while the model runs (`{name}`)")
            values[part.name] = array.item() if part.scalar else np.ravel(array).tolist()
        if "Reduce" in node.op_type:
            if attribute(node, "noop_with_empty_axes", 0) and not values.get("axes"):
                return [helper.make_node("Identity", [node.input[0]], node.output, name=node.name)]
            without(node, "noop_with_empty_axes")
            if not values.get("axes"):
                values.pop("axes", None)  # none given = all, in both versions
        if node.op_type == "Slice" and optional(node, 4):
            steps = graph.constant(node.input[4])
            if steps is None or (steps != 1).any():
                raise RefusedError("the older definition has no steps")
            del node.input[4:]
        del node.input[min(part.index for part in moved) :]
        node.attribute.extend(helper.make_attribute(k, v) for k, v in values.items())
        return [node]

    return carry
