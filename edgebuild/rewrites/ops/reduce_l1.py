"""ReduceL1 as the sum of |x|: the compiler's own way goes through Abs, which it cannot read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("ReduceL1",)
EXAMPLES = {
    "rows": Example(
        graph="g (float[1,4,6,5] x) => (float[1,4,1,1] y) { y = ReduceL1<axes = [2, 3]>(x) }"
    ),
    "newest": Example(
        opset=18,
        graph="""g (float[1,4,6,5] x) => (float[1,6,5] y) <int64[1] a = {1}> {
            y = ReduceL1<keepdims = 0>(x, a)
        }""",
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """sum of max(x, -x)."""
    import numpy as np

    (x,) = node.input
    build = graph.replace(node)
    size = build.add("Max", x, build.add("Neg", x))
    axes = attribute(node, "axes")
    more = () if axes is None else (np.array(axes, np.int64),)
    build.add("ReduceSum", size, *more, keepdims=attribute(node, "keepdims", 1), out=node.output[0])
    return build.nodes
