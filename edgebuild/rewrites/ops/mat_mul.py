"""MatMul of more than 4 dimensions through reshapes: the compiler reads 2 to 4."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("MatMul",)
EXAMPLES = {
    "volume": Example(
        graph="""g (float[1,2,3,4,6] x) => (float[1,2,3,4,4] y) {
            t = Transpose<perm = [0,1,2,4,3]>(x)
            y = MatMul(x, t)
        }""",
        tolerance=0,
    ),
    "shared": Example(
        weights=("w",),
        graph="g (float[1,2,3,4,6] x, float[6,5] w) => (float[1,2,3,4,5] y) { y = MatMul(x, w) }",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The product on [1, all leading axes, rows, columns]."""
    shapes = [graph.shape(name) for name in node.input]
    if max(map(len, shapes)) <= 4:
        return None
    leads = [shape[:-2] for shape in shapes if len(shape) > 2]
    if len({*leads}) > 1:
        raise RefusedError(f"it broadcasts {shapes[0]} with {shapes[1]}")
    build = graph.replace(node)
    inputs = [
        build.reshape(name, (1, math.prod(shape[:-2]), *shape[-2:])) if len(shape) > 2 else name
        for name, shape in zip(node.input, shapes, strict=True)
    ]
    product = build.add("MatMul", *inputs)
    build.reshape(product, graph.shape(node.output[0]), out=node.output[0])
    return build.nodes
