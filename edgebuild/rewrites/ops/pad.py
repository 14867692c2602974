"""Pad with its value given, none negative, in 3 or 4 dimensions; or as Slice, Concat, Gather.

The reader fails where the third input is missing and where a mirrored axis has one element, the
compiler on negative pads, on other ranks and on pads of the first axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import Builder, attribute, optional
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Array, Graph

OPS = ("Pad",)
EXAMPLES = {
    "no_value": Example(
        graph="""g (float[1,2,6,5] x) => (float[1,2,8,6] y) <int64[8] p = {0,0,1,1,0,0,1,0}> {
            y = Pad(x, p)
        }""",
        tolerance=0,
    ),
    "negative": Example(
        graph="""g (float[1,2,6,5] x) => (float[1,2,5,8] y)
            <int64[8] p = {0,0,-2,1,0,0,1,2}, float v = {1.5}> {
            y = Pad(x, p, v)
        }""",
        tolerance=0,
    ),
    "volume": Example(
        graph="""g (float[1,2,3,4,5] x) => (float[1,2,5,4,6] y)
            <int64[10] p = {0,0,2,0,0,0,0,0,0,1}> { y = Pad(x, p) }""",
        tolerance=0,
    ),
    "first_axis": Example(
        graph="""g (float[1,6,4] x) => (float[3,6,4] y) <int64[6] p = {2,0,0,0,0,0}> {
            y = Pad(x, p)
        }""",
        tolerance=0,
    ),
    "matrix": Example(
        graph="""g (float[1,6] x) => (float[1,9] y) <int64[4] p = {0,2,0,1}, float v = {0}> {
            y = Pad(x, p, v)
        }""",
        tolerance=0,
    ),
    "matrix_mirrored": Example(
        graph="""g (float[1,6] x) => (float[1,9] y) <int64[4] p = {0,2,0,1}> {
            y = Pad<mode = "reflect">(x, p)
        }""",
        tolerance=0,
    ),
    "edge": Example(
        graph="""g (float[1,2,6,5] x) => (float[1,2,6,5] y) <int64[8] p = {0,0,1,-1,0,0,-1,1}> {
            y = Pad<mode = "edge">(x, p)
        }""",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The form of Pad that is read, or what it does axis by axis."""
    x = node.input[0]
    pads = graph.constant(node.input[1])
    if pads is None:
        raise RefusedError("its pads are computed while the model runs")
    rank = len(pads) // 2
    mode = attribute(node, "mode", "constant")
    value = _value(node, graph)
    plain = not (pads < 0).any() and rank in (3, 4) and not pads[[0, rank]].any()
    if mode == "reflect":
        plain &= min(graph.shape(x)) > 1
    if plain and (mode != "constant" or optional(node, 2)):
        return None
    build = graph.replace(node)
    if (pads < 0).any():
        x = _crop(build, x, pads)
    grow = pads.clip(0)
    if mode == "constant" and not plain:
        _concat(build, x, grow, value)
    elif mode == "constant":
        build.add("Pad", x, grow, value, mode=mode, out=node.output[0])
    else:
        _take(build, x, grow, mode)
    return build.nodes


def _value(node: onnx.NodeProto, graph: Graph) -> Array:
    import numpy as np

    name = optional(node, 2)
    if not name:
        return np.array(0, graph.dtype(node.input[0]))
    value = graph.constant(name)
    if value is None:
        raise RefusedError("its value is computed while the model runs")
    return value.reshape(())


def _crop(build: Builder, x: str, pads: Array) -> str:
    """Negative pads take away."""
    import numpy as np

    rank = len(pads) // 2
    axes = np.flatnonzero((pads[:rank] < 0) | (pads[rank:] < 0))
    starts = -pads[:rank].clip(None, 0)[axes]
    lost = pads[rank:].clip(None, 0)[axes]
    shape = np.array(build.graph.shape(build.node.input[0]))
    return build.add("Slice", x, starts, shape[axes] + lost, axes)


def _take(build: Builder, x: str, pads: Array, mode: str) -> None:
    """Along each axis, the elements that the mode repeats, by their constant places."""
    import numpy as np

    rank = len(pads) // 2
    after = build.graph.shape(build.node.output[0])
    for axis, (before, behind) in enumerate(pads.reshape(2, rank).T):
        if before or behind:
            places = np.arange(after[axis] - before - behind)
            indices = np.pad(
                places, (before, behind), mode="reflect" if mode == "reflect" else "edge"
            )
            x = build.add("Gather", x, indices, axis=axis)
    build.add("Identity", x, out=build.node.output[0])


def _concat(build: Builder, x: str, pads: Array, value: Array) -> None:
    """Blocks of the value before and behind, axis by axis."""
    import numpy as np

    rank = len(pads) // 2
    before = build.graph.constant(build.node.input[1])
    assert before is not None
    lost = before.clip(None, 0)
    shape = np.array(build.graph.shape(build.node.input[0])) + lost[:rank] + lost[rank:]
    for axis in range(rank):
        blocks = []
        for size in (pads[axis], pads[rank + axis]):
            block = shape.copy()
            block[axis] = size
            blocks.append([build.constant(np.full(block, value, value.dtype))] if size else [])
        if any(blocks):
            x = build.add("Concat", *blocks[0], x, *blocks[1], axis=axis)
            shape[axis] += pads[axis] + pads[rank + axis]
    build.add("Identity", x, out=build.node.output[0])
