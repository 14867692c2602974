"""InstanceNormalization of more than 4 dimensions through a reshape: the compiler reads 3 and 4."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("InstanceNormalization",)
EXAMPLES = {
    "volume": Example(
        weights=("s", "b"),
        graph="""g (float[1,2,3,4,5] x, float[2] s, float[2] b) => (float[1,2,3,4,5] y) {
            y = InstanceNormalization(x, s, b)
        }""",
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The node on [N, C, all the rest, 1]."""
    x, scale, bias = node.input
    shape = graph.shape(x)
    if len(shape) <= 4:
        return None
    build = graph.replace(node)
    flat = build.reshape(x, (*shape[:2], math.prod(shape[2:]), 1))
    normal = build.add(
        "InstanceNormalization", flat, scale, bias, epsilon=attribute(node, "epsilon", 1e-5)
    )
    build.reshape(normal, shape, out=node.output[0])
    return build.nodes
