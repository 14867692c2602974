"""Trilu as a choice between the value and zero by a constant mask.

The compiler's reader ends at opset 13, where the op does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute, optional
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Array, Graph

OPS = ("Trilu",)
EXAMPLES = {
    "upper": Example(
        opset=14,
        graph="g (float[1,3,6,6] x) => (float[1,3,6,6] y) { y = Trilu(x) }",
        tolerance=0,
    ),
    "lower": Example(
        opset=14,
        graph="""g (float[1,6,5] x) => (float[1,6,5] y) <int64 k = {1}> {
            y = Trilu<upper = 0>(x, k)
        }""",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The value where the mask is set, else 0."""
    import numpy as np

    x, offset = node.input[0], optional(node, 1)
    k = graph.constant(offset) if offset else np.array(0)
    if k is None:
        raise RefusedError("its diagonal is computed while the model runs")
    shape = graph.shape(x)
    part = np.triu if attribute(node, "upper", 1) else np.tril
    mask: Array = part(np.ones(shape[-2:], bool), int(k.item()))
    build = graph.replace(node)
    mask = mask.reshape([1] * (len(shape) - 2) + list(shape[-2:]))
    build.add("Where", mask, x, build.like(x, 0), out=node.output[0])
    return build.nodes
