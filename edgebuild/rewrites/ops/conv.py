"""Conv of 3 spatial dimensions with a bias: without one the compiler miscounts its biases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import optional

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Conv",)
EXAMPLES = {
    "volume": Example(
        weights=("w",),
        graph="""g (float[1,2,4,5,6] x, float[3,2,3,3,3] w) => (float[1,3,2,3,4] y) {
            y = Conv(x, w)
        }""",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The node with a bias of zeros."""
    import numpy as np
    import onnx

    x, weights = node.input[:2]
    if len(graph.shape(weights)) != 5 or optional(node, 2):
        return None
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    del copy.input[2:]
    bias = np.zeros(graph.shape(weights)[0], graph.dtype(x))
    copy.input.append(graph.replace(node).constant(bias))
    return [copy]
