"""Celu by Elu: behind it the compiler loses the value it makes ("node not found in graph cache")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Celu",)
EXAMPLES = {
    "one": Example(
        graph="g (float[1,4,6,5] x) => (float[1,4,6,5] y) { c = Celu(x) y = Tanh(c) }", tolerance=0
    ),
    "another": Example(
        graph="""g (float[1,4,6,5] x) => (float[1,4,6,5] y) {
            c = Celu<alpha = 0.3>(x)
            y = Tanh(c)
        }"""
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """max(0, x) + min(0, a (exp(x / a) - 1)) is a Elu(x / a)."""
    alpha = attribute(node, "alpha", 1.0)
    (x,) = node.input
    build = graph.replace(node)
    if alpha == 1:
        build.add("Elu", x, out=node.output[0])
        return build.nodes
    factor = build.like(x, alpha)
    bent = build.add("Elu", build.add("Div", x, factor))
    build.add("Mul", bent, factor, out=node.output[0])
    return build.nodes
