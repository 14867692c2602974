"""ConvTranspose with explicit pads, of 2 spatial dimensions.

The reader takes `auto_pad` and `output_shape` without a word and pads otherwise; the compiler
fails on one spatial dimension.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("ConvTranspose",)
EXAMPLES = {
    "line": Example(
        weights=("w",),
        graph="""g (float[1,4,8] x, float[4,3,4] w) => (float[1,3,17] y) {
            y = ConvTranspose<strides = [2], pads = [0, 1]>(x, w)
        }""",
    ),
    "auto_pad": Example(
        weights=("w", "b"),
        graph="""g (float[1,4,6,5] x, float[4,3,3,3] w, float[3] b) => (float[1,3,12,10] y) {
            y = ConvTranspose<strides = [2, 2], auto_pad = "SAME_UPPER">(x, w, b)
        }""",
    ),
    "same_lower": Example(
        weights=("w",),
        graph="""g (float[1,4,6,5] x, float[4,3,3,3] w) => (float[1,3,12,10] y) {
            y = ConvTranspose<strides = [2, 2], auto_pad = "SAME_LOWER">(x, w)
        }""",
    ),
    "output_shape": Example(
        weights=("w",),
        graph="""g (float[1,4,6,5] x, float[4,3,4,4] w) => (float[1,3,13,11] y) {
            y = ConvTranspose<strides = [2, 2], output_shape = [13, 11]>(x, w)
        }""",
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The node with explicit pads, between reshapes where it has one spatial dimension."""
    auto, wanted = attribute(node, "auto_pad", "NOTSET"), attribute(node, "output_shape")
    before, after = graph.shape(node.input[0]), graph.shape(node.output[0])
    space = len(before) - 2
    if auto in ("NOTSET", "VALID") and not wanted and space != 1:
        return None
    ones = [1] * space
    kernel = list(graph.shape(node.input[1])[2:])
    strides = list(attribute(node, "strides", ones))
    dilations = list(attribute(node, "dilations", ones))
    extra = list(attribute(node, "output_padding", [0] * space))
    pads = list(attribute(node, "pads", [0] * 2 * space))
    if wanted or auto.startswith("SAME"):
        pads = [0] * 2 * space
        for k in range(space):
            full = strides[k] * (before[2 + k] - 1) + (kernel[k] - 1) * dilations[k] + 1
            total = full + extra[k] - after[2 + k]
            small = total // 2
            begin = small if auto == "SAME_UPPER" else total - small
            if total < 0:  # nothing to cut: the output has rows no input reaches
                extra[k], begin, total = extra[k] - total, 0, 0
            pads[k], pads[space + k] = begin, total - begin
    group = attribute(node, "group", 1)
    build = graph.replace(node)
    inputs = list(node.input)
    line = space == 1
    if line:
        inputs[0] = build.reshape(inputs[0], (*before[:2], 1, before[2]))
        weights = graph.constant(inputs[1])
        shape = graph.shape(inputs[1])
        flat = (*shape[:2], 1, shape[2])
        inputs[1] = (
            build.reshape(inputs[1], flat)
            if weights is None
            else build.constant(weights.reshape(flat))
        )
        strides, dilations, extra = [1, *strides], [1, *dilations], [0, *extra]
        pads = [0, pads[0], 0, pads[1]]
    result = build.add(
        "ConvTranspose",
        *inputs,
        group=group,
        strides=strides,
        dilations=dilations,
        output_padding=extra if any(extra) else None,
        pads=pads,
        out=None if line else node.output[0],
    )
    if line:
        build.reshape(result, after, out=node.output[0])
    return build.nodes
