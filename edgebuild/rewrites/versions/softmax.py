"""Softmax, LogSoftmax, Hardmax: before opset 13 all axes from `axis` on are taken together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from edgebuild.rewrites.graph import Graph, attribute, without

if TYPE_CHECKING:
    import onnx


def up(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """The same where only one of the axes is longer than 1, else through a matrix."""
    axis, shape = _axis_and_shape(graph, node, default=1)
    long = [k for k in range(axis, len(shape)) if shape[k] != 1]
    if len(long) <= 1:
        return [_with_axis(node, long[0] if long else axis)]
    build = graph.replace(node)
    flat = build.reshape(node.input[0], (math.prod(shape[:axis]), math.prod(shape[axis:])))
    soft = build.add(node.op_type, flat, axis=1)
    build.reshape(soft, shape, out=node.output[0])
    return build.nodes


def down(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """The same where the axis is the last that is longer than 1, else through transposes."""
    axis, shape = _axis_and_shape(graph, node, default=-1)
    last = len(shape) - 1
    if all(size == 1 for size in shape[axis + 1 :]):
        return [_with_axis(node, axis)]
    order = [k for k in range(len(shape)) if k != axis] + [axis]
    build = graph.replace(node)
    moved = build.add("Transpose", node.input[0], perm=order)
    soft = build.add(node.op_type, moved, axis=last)
    back = [order.index(k) for k in range(len(shape))]
    build.add("Transpose", soft, perm=back, out=node.output[0])
    return build.nodes


def _axis_and_shape(
    graph: Graph, node: onnx.NodeProto, default: int
) -> tuple[int, tuple[int, ...]]:
    shape = graph.shape(node.input[0])
    return attribute(node, "axis", default) % max(1, len(shape)), shape


def _with_axis(node: onnx.NodeProto, axis: int) -> onnx.NodeProto:
    from onnx import helper

    without(node, "axis")
    node.attribute.append(helper.make_attribute("axis", axis))
    return node
