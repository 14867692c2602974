"""Sign as a choice of 1, -1 and 0 by two comparisons: the compiler has no layer for the op."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Sign",)
EXAMPLES = {
    "image": Example(
        graph="""g (float[1,4,6,5] x) => (float[1,4,6,5] y) {
            rounded = Round(x)
            y = Sign(rounded)
        }""",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """1 above zero, -1 below, else 0."""
    (x,) = node.input
    build = graph.replace(node)
    zero = build.constant(build.like(x, 0))
    above = build.add("Greater", x, zero)
    below = build.add("Less", x, zero)
    rest = build.add("Where", below, build.like(x, -1), zero)
    build.add("Where", above, build.like(x, 1), rest, out=node.output[0])
    return build.nodes
