"""ScatterND into a box of constant place as slices around it and Concat: the compiler lacks the op.

This is what exporters write for `x[:, a:b] = update`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import Builder, attribute
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Array, Graph

OPS = ("ScatterND",)
EXAMPLES = {
    "rows": Example(
        weights=("u",),
        graph="""g (float[1,4,5] x, float[1,2,5] u) => (float[1,4,5] y)
            <int64[1,2,2] i = {0, 1, 0, 2}> { y = ScatterND(x, i, u) }""",
        tolerance=0,
    ),
    "box": Example(
        graph="""g (float[4,6] x, float[2,3] u) => (float[4,6] y)
            <int64[2,3,2] i = {0,2, 0,3, 0,4, 1,2, 1,3, 1,4}> { y = ScatterND(x, i, u) }""",
        tolerance=0,
    ),
    "all": Example(
        graph="""g (float[2,3] x, float[2,3] u) => (float[2,3] y) <int64[2,1] i = {0, -1}> {
            all = ScatterND(x, i, u)
            y = Add(all, x)
        }""",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """What is around the box, joined to the box."""
    import numpy as np

    x, place, update = node.input
    indices = graph.constant(place)
    if indices is None:
        raise RefusedError("its indices are computed while the model runs")
    if attribute(node, "reduction", "none") != "none":
        raise RefusedError("it adds or multiplies instead of replacing")
    shape = graph.shape(x)
    depth = indices.shape[-1]
    points = indices.reshape(-1, depth)
    points = np.where(points < 0, points + np.array(shape[:depth]), points)
    starts, ends = points.min(0), points.max(0) + 1
    grid = np.stack(
        np.meshgrid(*[np.arange(a, b) for a, b in zip(starts, ends, strict=True)], indexing="ij"),
        axis=-1,
    ).reshape(-1, depth)
    if grid.shape != points.shape or (grid != points).any():
        raise RefusedError("its indices are not a box in order")
    build = graph.replace(node)
    box = build.reshape(update, (*(ends - starts).tolist(), *shape[depth:]))
    value = _place(build, x, box, shape, starts, ends)
    build.add("Identity", value, out=node.output[0])
    return build.nodes


def _place(
    build: Builder, x: str, box: str, shape: tuple[int, ...], starts: Array, ends: Array
) -> str:
    """`x` with `box` at `starts`; the axes behind those given are whole."""
    import numpy as np

    open_axes = [k for k, (a, b) in enumerate(zip(starts, ends, strict=True)) if b - a < shape[k]]
    if not open_axes:
        return box
    axis, size = open_axes[0], shape[open_axes[0]]

    def part(first: int, last: int) -> str:
        return build.add("Slice", x, *(np.array([v]) for v in (first, last, axis)))

    start, end = int(starts[axis]), int(ends[axis])
    middle = part(start, end) if len(open_axes) > 1 else x
    inner_shape = (*shape[:axis], end - start, *shape[axis + 1 :])
    inner_starts, inner_ends = starts.copy(), ends.copy()
    inner_starts[axis], inner_ends[axis] = 0, end - start
    inner = _place(build, middle, box, inner_shape, inner_starts, inner_ends)
    parts = [part(0, start)] if start else []
    parts.append(inner)
    if end < size:
        parts.append(part(end, size))
    return build.add("Concat", *parts, axis=axis)
