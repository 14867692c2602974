"""Resize and Upsample: opset 10 mapped coordinates in one way, 11 in all, 18 with antialiasing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgebuild.rewrites import resample
from edgebuild.rewrites.graph import Graph, attribute, optional, without
from edgebuild.rewrites.refused import RefusedError
from edgebuild.rewrites.versions.added import drop

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray


def from_upsample(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Upsample became Resize; the attribute and the inputs are the same."""
    node.op_type = "Resize"
    return [node]


def from_10(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """x_original = x / scale; nearest is the pixel below to enlarge, the one above to shrink."""
    from onnx import helper

    scales = _constant(graph, node, 1, "scales")
    node.attribute.append(helper.make_attribute("coordinate_transformation_mode", "asymmetric"))
    if attribute(node, "mode", "nearest") == "nearest":
        smaller, larger = bool((scales < 1).any()), bool((scales > 1).any())
        if smaller and larger:
            raise RefusedError("it shrinks one axis and enlarges another, each rounded its own way")
        node.attribute.append(helper.make_attribute("nearest_mode", "ceil" if smaller else "floor"))
    node.input.insert(1, _empty(graph, node))  # opset 11 wants a region of interest, if only empty
    return [node]


def from_11(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """One mode is gone; empty tensors for what is not given are left out."""
    if attribute(node, "coordinate_transformation_mode") == "tf_half_pixel_for_nn":
        raise RefusedError("the newer definition has no mode `tf_half_pixel_for_nn`")
    _leave_out_empty(graph, node)
    return [node]


def to_11(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """What is not given must be there, if only empty."""
    while len(node.input) < 3:
        node.input.append("")
    for k in (1, 2):
        node.input[k] = node.input[k] or _empty(graph, node)
    return [node]


def to_18(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """The one mode that 19 added is a matrix along each axis."""
    if attribute(node, "coordinate_transformation_mode") == "half_pixel_symmetric":
        return resample.by_matrices(graph, node, 19)
    return [node]


def to_13(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Antialiasing becomes the matrices it is; parameters of some axes become those of all."""
    import numpy as np

    _leave_out_empty(graph, node)
    build = graph.replace(node)
    before, after = graph.shape(node.input[0]), graph.shape(node.output[0])
    axes = [a % len(before) for a in attribute(node, "axes", range(len(before)))]
    if attribute(node, "keep_aspect_ratio_policy", "stretch") != "stretch":
        scales = _kept_ratio(graph, node, axes)
        del node.input[3:]
        node.input[2] = build.constant(scales)
    elif attribute(node, "antialias", 0):
        return resample.by_matrices(graph, node, 18)
    elif attribute(node, "axes") is not None:
        if optional(node, 1):
            raise RefusedError("a region of interest with `axes` is not handled")
        if optional(node, 2):
            scales = np.ones(len(before), np.float32)
            scales[axes] = _constant(graph, node, 2, "scales")
            node.input[2] = build.constant(scales)
        else:
            node.input[3] = build.constant(np.array(after, np.int64))
    without(node, "axes", "keep_aspect_ratio_policy")
    drop(node, antialias=0)
    return [node]


def _kept_ratio(graph: Graph, node: onnx.NodeProto, axes: list[int]) -> NDArray[Any]:
    """The one scale of all `axes` that keeps the ratio, if it gives the same size."""
    import numpy as np

    before, after = graph.shape(node.input[0]), graph.shape(node.output[0])
    sizes = _constant(graph, node, 3, "sizes")
    ratios = [float(size) / before[a] for size, a in zip(sizes, axes, strict=True)]
    larger = attribute(node, "keep_aspect_ratio_policy") == "not_smaller"
    scales: NDArray[Any] = np.ones(len(before), np.float32)
    scales[axes] = max(ratios) if larger else min(ratios)
    if tuple(np.floor(np.array(before, np.float32) * scales).astype(int)) != after:
        raise RefusedError("it keeps the aspect ratio and rounds the size up")
    return scales


def _leave_out_empty(graph: Graph, node: onnx.NodeProto) -> None:
    for k in range(1, len(node.input)):
        value = graph.constant(node.input[k])
        if value is not None and value.size == 0:
            node.input[k] = ""
    while not node.input[-1]:
        del node.input[-1]


def _constant(graph: Graph, node: onnx.NodeProto, index: int, what: str) -> NDArray[Any]:
    value = graph.constant(node.input[index])
    if value is None:
        raise RefusedError(f"its {what} are computed while the model runs")
    return value


def _empty(graph: Graph, node: onnx.NodeProto) -> str:
    import numpy as np

    return graph.replace(node).constant(np.zeros(0, np.float32))
