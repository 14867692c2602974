"""Softsign as x / (1 + |x|): the compiler's own way goes through Abs, which it cannot read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Softsign",)
EXAMPLES = {
    "image": Example(graph="g (float[1,4,6,5] x) => (float[1,4,6,5] y) { y = Softsign(x) }"),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """x / (1 + max(x, -x))."""
    (x,) = node.input
    build = graph.replace(node)
    size = build.add("Max", x, build.add("Neg", x))
    build.add("Div", x, build.add("Add", size, build.like(x, 1)), out=node.output[0])
    return build.nodes
