"""Resizing along an axis is a matrix: what ONNX Runtime makes of ones, whatever the mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgebuild.rewrites import evaluate
from edgebuild.rewrites.graph import Graph, attribute, optional, without
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

SEPARABLE = ("linear", "cubic", "nearest")


def by_matrices(graph: Graph, node: onnx.NodeProto, opset: int) -> list[onnx.NodeProto]:
    """A static Resize of opset `opset` as one matrix product for each axis that it changes.

    Exact but for the order of sums: every mode is linear in the image and works axis by axis.
    """
    if attribute(node, "coordinate_transformation_mode") == "tf_crop_and_resize":
        raise RefusedError("values outside the region of interest are not a matrix product")
    before, after = graph.shape(node.input[0]), graph.shape(node.output[0])
    changed = [k for k in range(len(before)) if not _is_same(graph, node, k)]
    build = graph.replace(node)
    value = node.input[0]
    for axis in changed:
        matrix = _matrix(graph, node, axis, before[axis], after[axis], opset)
        value = multiply(build, value, build.like(node.input[0], matrix), axis, len(before))
    build.add("Identity", value, out=node.output[0])
    return build.nodes


def multiply(build: Any, value: str, matrix: NDArray[Any], axis: int, rank: int) -> str:
    """`matrix` times `value` along `axis`.

    The matrix stands left and the axis is the last but one: there the MyriadX compiler makes one
    stage, while a product with a matrix on the right becomes two stages a row.
    """
    order = [k for k in range(rank) if k != axis]
    order.insert(rank - 2, axis) if rank > 1 else order.append(axis)
    if rank == 1:
        result: str = build.add("MatMul", matrix, value)
        return result
    if order == list(range(rank)):
        return str(build.add("MatMul", matrix, value))
    moved = build.add("Transpose", value, perm=order)
    product = build.add("MatMul", matrix, moved)
    return str(build.add("Transpose", product, perm=[order.index(k) for k in range(rank)]))


def _is_same(graph: Graph, node: onnx.NodeProto, axis: int) -> bool:
    before, after = graph.shape(node.input[0]), graph.shape(node.output[0])
    if before[axis] != after[axis]:
        return False
    scales = graph.constant(optional(node, 2))
    axes = attribute(node, "axes")
    if scales is None or not scales.size:
        return True
    if axes is None:
        return float(scales[axis]) == 1.0
    places = [a % len(before) for a in axes]
    return axis not in places or float(scales[places.index(axis)]) == 1.0


def _matrix(
    graph: Graph, node: onnx.NodeProto, axis: int, before: int, after: int, opset: int
) -> NDArray[Any]:
    """What the op makes of an identity matrix, [1, 1, before, before], along its rows."""
    import numpy as np
    import onnx
    from onnx import helper

    probe = onnx.NodeProto()
    probe.CopyFrom(node)
    without(probe, "axes", "keep_aspect_ratio_policy")
    scales = graph.constant(optional(node, 2))
    inputs: list[Any] = [np.eye(before, dtype=np.float32)[None, None]]
    del probe.input[:]
    if scales is not None and scales.size:
        axes = attribute(node, "axes")
        places = list(range(len(scales))) if axes is None else list(axes)
        rank = len(graph.shape(node.input[0]))
        scale = scales[[a % rank for a in places].index(axis)]
        probe.input.extend(["x", "", "scales"])
        inputs.append(np.array([1, 1, scale, 1], np.float32))
    else:
        probe.input.extend(["x", "", "", "sizes"])
        inputs.append(np.array([1, 1, after, before], np.int64))
    if opset < 13:
        raise RefusedError("resizing by matrices needs the definition of opset 13 or newer")
    (result,) = evaluate.node(probe, inputs, opset)
    assert result.shape == (1, 1, after, before), helper.printable_node(probe)
    return np.asarray(result[0, 0])
