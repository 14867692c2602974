"""HardSwish as x * (clip(x + 3, 0, 6) / 6), which the compiler makes one HSwish stage of.

The compiler's reader ends at opset 13, where the op does not exist. Other orders of the same
factors become four stages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("HardSwish",)
EXAMPLES = {
    "image": Example(
        opset=14,
        graph="g (float[1,4,6,5] x) => (float[1,4,6,5] y) { y = HardSwish(x) }",
    ),
    "newest": Example(
        opset=22,
        graph="g (float[1,8] x) => (float[1,8] y) { y = HardSwish(x) }",
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """x * (clip(x + 3, 0, 6) / 6)."""
    (x,) = node.input
    build = graph.replace(node)
    raised = build.add("Add", x, build.like(x, 3))
    clipped = build.add("Clip", raised, build.like(x, 0), build.like(x, 6))
    gate = build.add("Mul", clipped, build.like(x, 1 / 6))
    build.add("Mul", x, gate, out=node.output[0])
    return build.nodes
