"""Gather, GatherElements, GatherND, ScatterElements with indices and axes counted from the start.

The compiler reads negative indices without a word and gathers something else; negative axes it refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute, without

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Gather", "GatherElements", "GatherND", "ScatterElements")
EXAMPLES = {
    "rows": Example(
        graph="""g (float[1,4,6,5] x) => (float[1,4,2,5] y) <int64[2] i = {-1, 2}> {
            y = Gather<axis = 2>(x, i)
        }""",
        tolerance=0,
    ),
    "elements": Example(
        graph="""g (float[2,3] x) => (float[2,1] y) <int64[2,1] i = {-1, 1}> {
            y = GatherElements<axis = 1>(x, i)
        }""",
        tolerance=0,
    ),
    "an axis from the end": Example(
        graph="""g (float[2,3,4] x, float[2,1,4] u) => (float[2,3,4] y)
            <int64[2,1,4] i = {0, 1, 2, 0, 0, 1, 2, 0}> {
            g = GatherElements<axis = -2>(x, i)
            s = Add(g, u)
            y = ScatterElements<axis = -2>(x, i, s)
        }""",
        tolerance=0,
    ),
    "scattered": Example(
        graph="""g (float[2,3] x, float[2,1] u) => (float[2,3] y) <int64[2,1] i = {-1, 1}> {
            y = ScatterElements<axis = 1>(x, i, u)
        }""",
        tolerance=0,
    ),
    "points": Example(
        graph="""g (float[4,6,5] x) => (float[2,5] y) <int64[2,2] i = {-1, 2, 1, -6}> {
            y = GatherND(x, i)
        }""",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The node with its constant indices in 0..size, and its axis in 0..rank."""
    import numpy as np
    import onnx
    from onnx import helper

    indices = graph.constant(node.input[1])
    shape = graph.shape(node.input[0])
    axis = attribute(node, "axis")
    if axis is not None and axis < 0:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        without(copy, "axis")
        copy.attribute.append(helper.make_attribute("axis", axis + len(shape)))
        return [copy]
    if indices is None or not (indices < 0).any():
        return None
    if node.op_type == "GatherND":
        first = attribute(node, "batch_dims", 0)
        sizes = np.array(shape[first : first + indices.shape[-1]])
    else:
        sizes = np.array(shape[attribute(node, "axis", 0)])
    build = graph.replace(node)
    build.add(
        node.op_type,
        node.input[0],
        np.where(indices < 0, indices + sizes, indices).astype(indices.dtype),
        *node.input[2:],
        axis=attribute(node, "axis"),
        batch_dims=attribute(node, "batch_dims"),
        out=node.output[0],
    )
    return build.nodes
