"""Mish as x * tanh(softplus(x)), which the compiler makes one Mish stage of.

Its reader ends at opset 13, where the op does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Mish",)
EXAMPLES = {
    "image": Example(opset=18, graph="g (float[1,4,6,5] x) => (float[1,4,6,5] y) { y = Mish(x) }"),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """x * tanh(softplus(x))."""
    (x,) = node.input
    build = graph.replace(node)
    gate = build.add("Tanh", build.add("Softplus", x))
    build.add("Mul", x, gate, out=node.output[0])
    return build.nodes
