"""Gelu by its formulas; the exact one in the order of which the compiler makes one Gelu stage.

Its reader ends at opset 13, where the op does not exist. The formulas are those of the definition:
x/2 * (1 + erf(x / sqrt 2)), and x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Gelu",)
EXAMPLES = {
    "exact": Example(opset=20, graph="g (float[1,4,6,5] x) => (float[1,4,6,5] y) { y = Gelu(x) }"),
    "tanh": Example(
        opset=20,
        graph="""g (float[1,4,6,5] x) => (float[1,4,6,5] y) {
            y = Gelu<approximate = "tanh">(x)
        }""",
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The formula that `approximate` names."""
    (x,) = node.input
    build = graph.replace(node)
    half, one = build.like(x, 0.5), build.like(x, 1)
    if attribute(node, "approximate", "none") == "none":
        curve = build.add("Erf", build.add("Div", x, build.like(x, math.sqrt(2))))
        double = build.add("Mul", x, build.add("Add", curve, one))
        build.add("Mul", double, half, out=node.output[0])
        return build.nodes
    cube = build.add("Mul", build.add("Mul", x, x), x)
    bent = build.add("Add", x, build.add("Mul", cube, build.like(x, 0.044715)))
    curve = build.add("Tanh", build.add("Mul", bent, build.like(x, math.sqrt(2 / math.pi))))
    gate = build.add("Mul", build.add("Add", curve, one), half)
    build.add("Mul", x, gate, out=node.output[0])
    return build.nodes
