"""Boundaries at which more changed than types, defaults or where a parameter stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.graph import Graph, attribute, optional, without
from edgebuild.rewrites.refused import RefusedError
from edgebuild.rewrites.versions import normalisation, padding, resize, softmax, split
from edgebuild.rewrites.versions.added import drop
from edgebuild.rewrites.versions.rule import Rule, refuse, same

if TYPE_CHECKING:
    import onnx


def _to_identity(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Dropout does nothing when a model is used; its mask is for training only."""
    from onnx import helper

    mode = optional(node, 2)
    if mode and (graph.constant(mode) is None or bool(graph.constants[mode])):
        raise RefusedError("it is in training mode")
    if len(node.output) > 1 and graph.readers(node.output[1]):
        raise RefusedError("its mask is read, which is for training only")
    return [helper.make_node("Identity", node.input[:1], node.output[:1], name=node.name)]


def _gemm_down(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """C became optional: none is the same as zero."""
    if not optional(node, 2):
        build = graph.replace(node)
        del node.input[2:]
        node.input.append(build.constant(build.like(node.input[0], 0)))
    return [node]


def _max_pool_down(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    if len(node.output) > 1 and graph.readers(node.output[1]):
        raise RefusedError("the older definition has no second output")
    del node.output[1:]
    drop(node, storage_order=0)
    return [node]


def _reshape_down(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """`allowzero` says what a 0 in the shape means: without one it says nothing."""
    if attribute(node, "allowzero", 0):
        shape = graph.constant(node.input[1])
        if shape is None or not shape.all():
            raise RefusedError("the older definition has no `allowzero`")
    without(node, "allowzero")
    return [node]


def _shape_down(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """A part of the shape is a slice of the whole."""
    import numpy as np

    start, end = attribute(node, "start", 0), attribute(node, "end")
    build = graph.replace(node)
    whole = build.add("Shape", node.input[0])
    bounds = np.array([start]), np.array([2**31 - 1 if end is None else end])
    build.add("Slice", whole, *bounds, np.array([0]), out=node.output[0])
    return build.nodes


def _scatter_up(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Renamed."""
    node.op_type = "ScatterElements"
    return [node]


_MODES = {"bilinear": "linear", "bicubic": "cubic", "nearest": "nearest"}


def _grid_sample_up(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    return _grid_sample(node, _MODES, "bilinear")


def _grid_sample_down(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    if len(graph.shape(node.input[0])) != 4:
        raise RefusedError("the older definition takes images only, of 4 dimensions")
    return _grid_sample(node, {new: old for old, new in _MODES.items()}, "linear")


def _grid_sample(node: onnx.NodeProto, modes: dict[str, str], default: str) -> list[onnx.NodeProto]:
    from onnx import helper

    mode = modes.get(attribute(node, "mode", default))
    if mode is None:
        raise RefusedError(f"its mode `{attribute(node, 'mode')}` is unknown")
    without(node, "mode")
    node.attribute.append(helper.make_attribute("mode", mode))
    return [node]


def _roi_align_up(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    from onnx import helper

    node.attribute.append(
        helper.make_attribute("coordinate_transformation_mode", "output_half_pixel")
    )
    return [node]


def _roi_align_down(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    if attribute(node, "coordinate_transformation_mode", "half_pixel") != "output_half_pixel":
        raise RefusedError("the older definition has no `half_pixel` coordinates")
    without(node, "coordinate_transformation_mode")
    return [node]


_SOFTMAX = Rule(up=softmax.up, down=softmax.down)

RULES: dict[tuple[str, int], Rule] = {
    ("BatchNormalization", 9): Rule(up=normalisation.spatial, down=same),
    ("BatchNormalization", 14): Rule(up=normalisation.inference, down=normalisation.inference),
    ("Dropout", 12): Rule(up=_to_identity, down=_to_identity),
    ("Gemm", 11): Rule(up=same, down=_gemm_down),
    ("GridSample", 20): Rule(up=_grid_sample_up, down=_grid_sample_down),
    ("Hardmax", 13): _SOFTMAX,
    ("LogSoftmax", 13): _SOFTMAX,
    ("MaxPool", 8): Rule(up=same, down=_max_pool_down),
    ("Pad", 18): Rule(up=same, down=padding.down),
    ("Reshape", 14): Rule(up=same, down=_reshape_down),
    ("Resize", 11): Rule(up=resize.from_10, down=refuse("it may be any of many new modes")),
    ("Resize", 13): Rule(up=resize.from_11, down=resize.to_11),
    ("Resize", 18): Rule(up=same, down=resize.to_13),
    ("Resize", 19): Rule(up=same, down=resize.to_18),
    ("RoiAlign", 16): Rule(up=_roi_align_up, down=_roi_align_down),
    ("Scatter", 11): Rule(up=_scatter_up, down=same),
    ("Shape", 15): Rule(up=same, down=_shape_down),
    ("Softmax", 13): _SOFTMAX,
    ("Split", 18): Rule(up=split.up, down=split.down),
    ("Upsample", 10): Rule(up=resize.from_upsample, down=same),
}
