"""Resize in the modes the compiler reads; cubic and other axes as matrices.

Nearest is brought to asymmetric and floor where that takes the same pixels (the chip's own form);
a cubic Resize, or one of channels, is a constant matrix along each axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites import evaluate, resample
from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Resize",)
EXAMPLES = {
    "cubic": Example(
        graph="""g (float[1,2,6,5] x) => (float[1,2,12,10] y) <float[4] s = {1,1,2,2}> {
            y = Resize<mode = "cubic">(x, , s)
        }""",
    ),
    "antialias": Example(
        opset=18,
        graph="""g (float[1,2,12,10] x) => (float[1,2,6,5] y) <float[4] s = {1,1,0.5,0.5}> {
            y = Resize<mode = "linear", antialias = 1>(x, , s)
        }""",
    ),
    "channels": Example(
        graph="""g (float[1,2,6,5] x) => (float[1,4,6,5] y) <float[4] s = {1,2,1,1}> {
            y = Resize<mode = "nearest">(x, , s)
        }""",
    ),
    "nearest": Example(
        graph="""g (float[1,2,6,5] x) => (float[1,2,12,10] y) <float[4] s = {1,1,2,2}> {
            y = Resize<mode = "nearest">(x, , s)
        }""",
        tolerance=0,
    ),
    "sizes": Example(
        opset=18,
        graph="""g (float[1,2,6,5] x) => (float[1,2,9,10] y) <int64[2] s = {9, 10}> {
            y = Resize<mode = "linear", axes = [2, 3]>(x, , , s)
        }""",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """Matrices, or asymmetric and floor; None where the mode is read as it is."""
    mode = attribute(node, "mode", "nearest")
    coordinates = attribute(node, "coordinate_transformation_mode", "half_pixel")
    if coordinates == "tf_crop_and_resize":
        raise RefusedError("the compiler does not read the mode `tf_crop_and_resize`")
    if any(name and graph.constant(name) is None for name in node.input[1:]):
        raise RefusedError("its size is computed while the model runs")
    before, after = graph.shape(node.input[0]), graph.shape(node.output[0])
    if before[:2] != after[:2] or mode == "cubic" or len(before) not in (3, 4):
        return resample.by_matrices(graph, node, 13)
    rounding = attribute(node, "nearest_mode", "round_prefer_floor")
    if mode != "nearest" or (coordinates, rounding) == ("asymmetric", "floor"):
        return None
    build = graph.replace(node)
    build.add(
        "Resize",
        *node.input,
        mode=mode,
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
        out=node.output[0],
    )
    return build.nodes if _same_pixels(node, build.nodes[0], graph) else None


def _same_pixels(old: onnx.NodeProto, new: onnx.NodeProto, graph: Graph) -> bool:
    import numpy as np

    shape = graph.shape(old.input[0])
    numbered = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    rest = [graph.constants[name] for name in old.input[1:] if name]
    results = [evaluate.node(node, [numbered, *rest], 13)[0] for node in (old, new)]
    return bool((results[0] == results[1]).all())
