"""Swish as x * sigmoid(alpha * x), which the compiler makes one Swish stage of.

Its reader ends at opset 13, where the op does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Swish",)
EXAMPLES = {
    "default": Example(
        opset=24, graph="g (float[1,4,6,5] x) => (float[1,4,6,5] y) { y = Swish(x) }"
    ),
    "alpha": Example(
        opset=24, graph="g (float[1,4] x) => (float[1,4] y) { y = Swish<alpha = 1.5>(x) }"
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """x * sigmoid(alpha * x)."""
    (x,) = node.input
    build = graph.replace(node)
    alpha = attribute(node, "alpha", 1.0)
    scaled = x if alpha == 1 else build.add("Mul", x, build.like(x, alpha))
    build.add("Mul", x, build.add("Sigmoid", scaled), out=node.output[0])
    return build.nodes
