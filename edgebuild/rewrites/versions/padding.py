"""Pad: opset 18 gave it an input that says which axes the pads are of, 19 the mode `wrap`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.graph import Graph, attribute, optional
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Array


def down(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Pads of some axes become pads of all."""
    import numpy as np

    if attribute(node, "mode", "constant") == "wrap":
        raise RefusedError("the older definition has no mode `wrap`")
    if optional(node, 3):
        rank = len(graph.shape(node.input[0]))
        pads, axes = graph.constant(node.input[1]), graph.constant(node.input[3])
        if pads is None or axes is None:
            raise RefusedError("its pads or axes are computed while the model runs")
        both: Array = np.zeros((2, rank), np.int64)
        both[:, axes % rank] = pads.reshape(2, -1)
        node.input[1] = graph.replace(node).constant(both.ravel())
    del node.input[3:]
    if len(node.input) == 3 and not node.input[2]:
        del node.input[2]
    return [node]
