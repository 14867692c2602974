"""GroupNormalization as InstanceNormalization of one channel a group, then scale and bias.

The compiler's reader ends at opset 13, where the op does not exist. The definition of opset 18,
with one scale a group, was withdrawn, and ONNX itself refuses models that have it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("GroupNormalization",)
EXAMPLES = {
    # Mean and variance are summed in another order than in the op itself.
    "by_channel": Example(
        opset=21,
        weights=("s", "b"),
        tolerance=1e-5,
        graph="""g (float[1,6,4,5] x, float[6] s, float[6] b) => (float[1,6,4,5] y) {
            y = GroupNormalization<num_groups = 3>(x, s, b)
        }""",
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """Rows of one group each, normalised, then scale and bias of each channel."""
    x = node.input[0]
    shape = graph.shape(x)
    groups = attribute(node, "num_groups")
    build = graph.replace(node)
    length = math.prod(shape[1:]) // groups
    rows = build.reshape(x, (1, shape[0] * groups, length, 1))
    ones, zeros = (build.like(x, [v] * (shape[0] * groups)) for v in (1, 0))
    normal = build.add(
        "InstanceNormalization", rows, ones, zeros, epsilon=attribute(node, "epsilon", 1e-5)
    )
    factors = []
    for name in node.input[1:]:
        value = graph.constant(name)
        if value is None:
            raise RefusedError("its scale or bias is computed while the model runs")
        factors.append(value.reshape(-1, *[1] * (len(shape) - 2)))
    scaled = build.add("Mul", build.reshape(normal, shape), factors[0])
    build.add("Add", scaled, factors[1], out=node.output[0])
    return build.nodes
