"""RMSNormalization as x / sqrt(mean(x * x) + epsilon) * scale.

The compiler's reader ends at opset 13, where the op does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("RMSNormalization",)
EXAMPLES = {
    "tokens": Example(
        opset=23,
        weights=("s",),
        graph="""g (float[1,7,20] x, float[20] s) => (float[1,7,20] y) {
            y = RMSNormalization<epsilon = 0.001>(x, s)
        }""",
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """x / sqrt(mean(x * x) + epsilon) * scale."""
    x, scale = node.input
    rank = len(graph.shape(x))
    axes = list(range(attribute(node, "axis", -1) % rank, rank))
    build = graph.replace(node)
    power = build.add("ReduceMean", build.add("Mul", x, x), axes=axes, keepdims=1)
    epsilon = build.like(x, attribute(node, "epsilon", 1e-5))
    root = build.add("Sqrt", build.add("Add", power, epsilon))
    build.add("Mul", build.add("Div", x, root), scale, out=node.output[0])
    return build.nodes
