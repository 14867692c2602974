"""HardSigmoid as clip(alpha * x + beta, 0, 1): the compiler has no layer for the op."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("HardSigmoid",)
EXAMPLES = {
    "default": Example(graph="g (float[1,4,6,5] x) => (float[1,4,6,5] y) { y = HardSigmoid(x) }"),
    "parameters": Example(
        graph="g (float[1,4] x) => (float[1,4] y) { y = HardSigmoid<alpha = 0.5, beta = 0.1>(x) }"
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """clip(alpha * x + beta, 0, 1)."""
    from edgebuild.rewrites.graph import attribute

    (x,) = node.input
    build = graph.replace(node)
    scaled = build.add("Mul", x, build.like(x, attribute(node, "alpha", 0.2)))
    raised = build.add("Add", scaled, build.like(x, attribute(node, "beta", 0.5)))
    build.add("Clip", raised, build.like(x, 0), build.like(x, 1), out=node.output[0])
    return build.nodes
