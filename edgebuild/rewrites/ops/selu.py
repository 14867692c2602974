"""Selu as gamma * Elu(x): the compiler has a layer for Elu only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Selu",)
EXAMPLES = {
    "default": Example(graph="g (float[1,4,6,5] x) => (float[1,4,6,5] y) { y = Selu(x) }"),
    "parameters": Example(
        graph="g (float[1,4] x) => (float[1,4] y) { y = Selu<alpha = 1.5, gamma = 0.9>(x) }"
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """gamma * elu(x, alpha)."""
    (x,) = node.input
    build = graph.replace(node)
    elu = build.add("Elu", x, alpha=attribute(node, "alpha", 1.67326319217681884765625))
    gamma = attribute(node, "gamma", 1.05070102214813232421875)
    build.add("Mul", elu, build.like(x, gamma), out=node.output[0])
    return build.nodes
