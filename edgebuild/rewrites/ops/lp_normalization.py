"""LpNormalization of order 1 as x / sum |x|: the compiler's way there goes through Abs.

The same but for a vector of zeros, which the op leaves and this makes NaN, as on the device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("LpNormalization",)
EXAMPLES = {
    "channels": Example(
        graph="""g (float[1,4,6,5] x) => (float[1,4,6,5] y) {
            y = LpNormalization<axis = 1, p = 1>(x)
        }"""
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """x / sum |x|."""
    import numpy as np

    if attribute(node, "p", 2) != 1:
        return None
    (x,) = node.input
    build = graph.replace(node)
    size = build.add("Max", x, build.add("Neg", x))
    axis = np.array([attribute(node, "axis", -1)], np.int64)
    build.add("Div", x, build.add("ReduceSum", size, axis, keepdims=1), out=node.output[0])
    return build.nodes
