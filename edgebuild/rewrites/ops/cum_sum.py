"""CumSum as a product with a triangular matrix of ones: the compiler has no layer for the op."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites import resample
from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("CumSum",)
EXAMPLES = {
    "channels": Example(
        graph="""g (float[1,4,6,5] x) => (float[1,4,6,5] y) <int64 a = {1}> {
            y = CumSum(x, a)
        }"""
    ),
    "last": Example(
        graph="""g (float[1,6,5] x) => (float[1,6,5] y) <int64 a = {-1}> {
            y = CumSum<exclusive = 1>(x, a)
        }"""
    ),
    "reverse": Example(
        graph="""g (float[1,4,6,5] x) => (float[1,4,6,5] y) <int64 a = {2}> {
            y = CumSum<reverse = 1>(x, a)
        }"""
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """A triangular matrix of ones times x, along the axis."""
    import numpy as np

    x = node.input[0]
    where = graph.constant(node.input[1])
    if where is None:
        raise RefusedError("its axis is computed while the model runs")
    shape = graph.shape(x)
    axis = int(where.item()) % len(shape)
    matrix = np.tri(shape[axis], k=-1 if attribute(node, "exclusive", 0) else 0)
    if attribute(node, "reverse", 0):
        matrix = matrix[::-1, ::-1]
    build = graph.replace(node)
    summed = resample.multiply(build, x, build.like(x, matrix), axis, len(shape))
    build.add("Identity", summed, out=node.output[0])
    return build.nodes
