"""Ops that do nothing become Identity, which is then left out.

Dropout when the model is used; Sum, Mean, Max, Min and Concat of one value; Expand, Reshape and
Tile to the shape a value has; Transpose that moves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute, optional
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Dropout", "Sum", "Mean", "Max", "Min", "Concat", "Expand", "Reshape", "Tile", "Transpose")
EXAMPLES = {
    "dropout": Example(
        graph="""g (float[1,4] x) => (float[1,4] y) {
            relu = Relu(x)
            same = Dropout(relu)
            y = Neg(same)
        }""",
        tolerance=0,
    ),
    "one_value": Example(
        graph="""g (float[1,4] x) => (float[1,4] y) {
            a = Sum(x)
            b = Max(a)
            c = Concat<axis = 1>(b)
            y = Neg(c)
        }""",
        tolerance=0,
    ),
    "shapes": Example(
        graph="""g (float[1,4] x) => (float[1,4] y) <int64[2] s = {1, 4}, int64[2] ones = {1, 1}> {
            a = Reshape(x, s)
            b = Expand(a, s)
            t = Tile(b, ones)
            c = Transpose<perm = [0, 1]>(t)
            y = Neg(c)
        }""",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """Identity, if the node does nothing."""
    if not _does_nothing(node, graph):
        return None
    build = graph.replace(node)
    build.add("Identity", node.input[0], out=node.output[0])
    return build.nodes


def _does_nothing(node: onnx.NodeProto, graph: Graph) -> bool:
    shape = graph.shape(node.input[0])
    if node.op_type == "Dropout":
        mode = optional(node, 2)
        if mode and (graph.constant(mode) is None or bool(graph.constants[mode])):
            raise RefusedError("it is in training mode")
        if len(node.output) > 1 and graph.readers(node.output[1]):
            raise RefusedError("its mask is read, which is for training only")
        return True
    if node.op_type in ("Expand", "Reshape", "Tile"):
        return graph.shape(node.output[0]) == shape
    if node.op_type == "Transpose":
        order = list(attribute(node, "perm", range(len(shape))[::-1]))
        return order == list(range(len(shape)))
    return len(node.input) == 1
