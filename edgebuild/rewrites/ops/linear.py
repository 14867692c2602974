"""A product of many rows with constant weights as one 1x1 convolution.

The compiler makes a convolution on the chip's engine of each row, and copies around it: 196 of
them for 196 tokens. As pixels of one image the rows are one convolution. MatMul and Gemm of 4
rows and more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import Builder, attribute, optional

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Array, Graph

OPS = ("MatMul", "Gemm")
FEWEST_ROWS = 4
EXAMPLES = {
    "tokens": Example(
        weights=("w",),
        graph="g (float[1,12,6] x, float[6,5] w) => (float[1,12,5] y) { y = MatMul(x, w) }",
    ),
    "gemm": Example(
        weights=("w", "b"),
        graph="""g (float[9,6] x, float[5,6] w, float[5] b) => (float[9,5] y) {
            y = Gemm<transB = 1, alpha = 0.5, beta = 2.0>(x, w, b)
        }""",
    ),
    "volume": Example(
        weights=("w",),
        graph="g (float[1,2,3,4,6] x, float[6,5] w) => (float[1,2,3,4,5] y) { y = MatMul(x, w) }",
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """Rows as pixels of one image, convolved."""
    weights = _weights(node, graph)
    if weights is None:
        return None
    matrix, bias = weights
    shape = graph.shape(node.input[0])
    rows, (depth, width) = math.prod(shape[:-1]), matrix.shape
    if rows < FEWEST_ROWS or len(shape) < 2:
        return None
    height = _height(rows)
    build = graph.replace(node)
    image = build.reshape(node.input[0], (1, height, rows // height, depth))
    pixels = build.add("Transpose", image, perm=[0, 3, 1, 2])
    kernels = matrix.T.reshape(width, depth, 1, 1)
    convolved = _conv(build, pixels, kernels, bias)
    back = build.add("Transpose", convolved, perm=[0, 2, 3, 1])
    build.reshape(back, (*shape[:-1], width), out=node.output[0])
    return build.nodes


def _weights(node: onnx.NodeProto, graph: Graph) -> tuple[Array, Array | None] | None:
    """Constant matrix [depth, width] and bias [width], or None where they are not of that kind."""
    import numpy as np

    matrix = graph.constant(node.input[1])
    if matrix is None or matrix.ndim != 2 or matrix.dtype.kind != "f":
        return None
    if node.op_type == "MatMul":
        return matrix, None
    if attribute(node, "transA", 0):
        return None
    matrix = matrix.T if attribute(node, "transB", 0) else matrix
    matrix = matrix * matrix.dtype.type(attribute(node, "alpha", 1.0))
    name = optional(node, 2)
    if not name:
        return matrix, None
    bias = graph.constant(name)
    if bias is None or (bias.ndim == 2 and bias.shape[0] != 1):
        return None
    bias = bias * bias.dtype.type(attribute(node, "beta", 1.0))
    return matrix, np.broadcast_to(bias.reshape(-1), (matrix.shape[1],))


def _conv(build: Builder, pixels: str, kernels: Array, bias: Array | None) -> str:
    more = () if bias is None else (bias,)
    return build.add("Conv", pixels, kernels, *more)


def _height(rows: int) -> int:
    """The divisor nearest below the root: the engine works in square tiles."""
    return max(k for k in range(1, math.isqrt(rows) + 1) if rows % k == 0)
