"""Abs as max(x, -x): the compiler has no layer for the op. The same bits but for NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Abs",)
EXAMPLES = {
    "image": Example(
        graph="g (float[1,4,6,5] x) => (float[1,4,6,5] y) { y = Abs(x) }", tolerance=0
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """max(x, -x)."""
    (x,) = node.input
    build = graph.replace(node)
    build.add("Max", x, build.add("Neg", x), out=node.output[0])
    return build.nodes
