"""Split: since opset 18 either the sizes are given or how many outputs there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.graph import Graph, attribute, optional, without

if TYPE_CHECKING:
    import onnx


def up(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """The number of outputs, where no sizes are given."""
    from onnx import helper

    if not optional(node, 1):
        node.attribute.append(helper.make_attribute("num_outputs", len(node.output)))
    return [node]


def down(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Equal parts need no sizes; a smaller last part does."""
    import numpy as np

    without(node, "num_outputs")
    if optional(node, 1):
        return [node]
    shape = graph.shape(node.input[0])
    size, count = shape[attribute(node, "axis", 0)], len(node.output)
    if size % count:
        part = -(-size // count)
        sizes = [part] * (count - 1) + [size - part * (count - 1)]
        del node.input[1:]
        node.input.append(graph.replace(node).constant(np.array(sizes, np.int64)))
    return [node]
