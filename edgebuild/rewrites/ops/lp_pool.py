"""LpPool as the mean of |x| or x^2 over the window, times its size: the reader lacks the op.

Orders 1 and 2. The padding counts, as zeros, so the mean is over all of the window.
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

OPS = ("LpPool",)
EXAMPLES = {
    "euclid": Example(
        graph="""g (float[1,4,6,5] x) => (float[1,4,3,2] y) {
            y = LpPool<kernel_shape = [2, 2], strides = [2, 2]>(x)
        }"""
    ),
    "sums": Example(
        graph="""g (float[1,4,6,5] x) => (float[1,4,6,5] y) {
            y = LpPool<kernel_shape = [3, 3], pads = [1, 1, 1, 1], p = 1>(x)
        }"""
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """(mean over the window * its size) ^ (1 / p)."""
    (x,) = node.input
    order = attribute(node, "p", 2)
    if order not in (1, 2):
        raise RefusedError(f"its order is {order}; 1 and 2 can be done")
    kernel = attribute(node, "kernel_shape")
    build = graph.replace(node)
    power = build.add("Mul", x, x) if order == 2 else build.add("Max", x, build.add("Neg", x))
    mean = build.add(
        "AveragePool",
        power,
        kernel_shape=kernel,
        strides=attribute(node, "strides"),
        pads=attribute(node, "pads"),
        auto_pad=attribute(node, "auto_pad"),
        count_include_pad=1,
    )
    total = build.add("Mul", mean, build.like(x, math.prod(kernel)))
    build.add("Sqrt" if order == 2 else "Identity", total, out=node.output[0])
    return build.nodes
