"""LayerNormalization as InstanceNormalization of one channel a vector, then scale and bias.

The compiler's reader ends at opset 13, where the op does not exist. InstanceNormalization becomes
one MVN stage, which sums in higher precision; the textbook chain (mean, difference, square, mean,
root) would be nine stages, and its squares pass the largest half float at 256.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute, optional
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("LayerNormalization",)
EXAMPLES = {
    # Mean and variance are summed in another order than in the op itself.
    "tokens": Example(
        opset=17,
        weights=("s", "b"),
        tolerance=1e-5,
        graph="""g (float[1,7,20] x, float[20] s, float[20] b) => (float[1,7,20] y) {
            y = LayerNormalization<epsilon = 0.001>(x, s, b)
        }""",
    ),
    "axes": Example(
        opset=17,
        weights=("s",),
        tolerance=1e-5,
        graph="""g (float[1,4,6,5] x, float[4,6,5] s) => (float[1,4,6,5] y) {
            y = LayerNormalization<axis = 1>(x, s)
        }""",
    ),
    "batch": Example(
        opset=17,
        weights=("s",),
        tolerance=1e-5,
        graph="""g (float[3,20] x, float[20] s) => (float[3,20] y) {
            y = LayerNormalization(x, s)
        }""",
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """One row a vector, normalised, then scale and bias."""
    if any(graph.readers(name) for name in node.output[1:] if name):
        raise RefusedError("its mean or deviation is read, which is for training only")
    x, scale = node.input[:2]
    shape = graph.shape(x)
    axis = attribute(node, "axis", -1) % len(shape)
    build = graph.replace(node)
    vectors, length = math.prod(shape[:axis]), math.prod(shape[axis:])
    rows = build.reshape(x, (1, vectors, length, 1))
    one, zero = build.like(x, [1] * vectors), build.like(x, [0] * vectors)
    epsilon = attribute(node, "epsilon", 1e-5)
    normal = build.add("InstanceNormalization", rows, one, zero, epsilon=epsilon)
    scaled = build.add("Mul", build.reshape(normal, shape), scale)
    bias = optional(node, 2)
    build.add("Add", scaled, bias, out=node.output[0]) if bias else build.add(
        "Identity", scaled, out=node.output[0]
    )
    return build.nodes
