"""GridSample whose grid provably stays near the identity, as a weighted sum of shifted images.

The compiler lacks the op, and computed indices are a trap on a chip with half floats. If every
point of the grid lies at most R pixels from its own pixel, then

    y[i, j] = sum over dy, dx in -R..R of tent(fy - dy) * tent(fx - dx) * x[i + dy, j + dx]

with the flow f = point - pixel and tent(t) = relu(1 - |t|), which is exactly the bilinear op. The
shifted images are one convolution with one-hot kernels, the tents are 1x1 convolutions with Relu,
the sums are 1x1 convolutions: all of it runs on the chip's convolution engine but two products. R
comes from interval arithmetic over what makes the grid (Tanh, Sigmoid, Clip, constant factors and
sums); a grid that is not bounded is refused. The constant part of the grid is taken out before
anything is computed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from edgebuild.rewrites import intervals, offsets
from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import Builder, attribute
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import numpy as np
    import onnx

    from edgebuild.rewrites.graph import Array, Graph

OPS = ("GridSample",)
LARGEST_STACK = 4096  # channels of the shifted images: 64 x 64 half floats of them are 32 MiB

_HINT = "bound the flow, such as `limit * tanh(flow)`, and add it to a constant identity grid"
_BASE = ", ".join(f"{x}, {y}" for y in (-1, -0.5, 0, 0.5, 1) for x in (-1, -1 / 3, 1 / 3, 1))
_HALF = ", ".join(
    f"{x}, {y}" for y in (-0.8, -0.4, 0, 0.4, 0.8) for x in (-0.75, -0.25, 0.25, 0.75)
)


def _example(base: str, attributes: str, limit: str = "0.8", opset: int = 16) -> Example:
    return Example(
        opset=opset,
        tolerance=1e-5,  # coordinates are rounded at other places than in the op
        graph=f"""g (float[1,3,5,4] x, float[1,2,5,4] flow) => (float[1,3,5,4] y)
            <float[1,5,4,2] base = {{{base}}}, float limit = {{{limit}}}> {{
            curve = Tanh(flow)
            near = Mul(curve, limit)
            last = Transpose<perm = [0, 2, 3, 1]>(near)
            grid = Add(base, last)
            y = GridSample<{attributes}>(x, grid)
        }}""",
    )


EXAMPLES = {
    "corners": _example(_BASE, "align_corners = 1"),
    "centres": _example(_HALF, "align_corners = 0"),
    "border": _example(_HALF, 'padding_mode = "border"'),
    "border_corners": _example(_BASE, 'align_corners = 1, padding_mode = "border"', "0.9"),
    "reflection": _example(_BASE, 'align_corners = 1, padding_mode = "reflection"', "0.5"),
    "newest": _example(_BASE, 'align_corners = 1, mode = "linear"', opset=20),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """RefusedError where the grid is not bounded near the identity, or the stack too large."""
    import numpy as np

    x, grid = node.input
    shape, out = graph.shape(x), graph.shape(node.output[0])
    _check(node, shape, out)
    build = graph.replace(node)
    corners = bool(attribute(node, "align_corners", 0))
    # Pixel coordinates are factor * grid + shift, in the order x, y of the grid's last axis.
    size = np.array(shape[:1:-1], np.float64)
    factor = (size - 1) / 2 if corners else size / 2
    shift = (size - 1) / 2
    pixel = np.stack(np.meshgrid(np.arange(out[3]), np.arange(out[2])), axis=-1)[None]
    low, high = (bound * factor + shift - pixel for bound in intervals.bounds(graph, grid))
    reach = _reach(low, high, shape[1])
    base, rest = offsets.split(build, grid)
    still = base * factor + shift - pixel
    rounding = float(np.spacing(np.float32(1))) * 2 * size.max()
    flow = _flow(build, x, rest, factor, np.where(abs(still) <= rounding, 0, still))
    image = _padded(build, x, reach, attribute(node, "padding_mode", "zeros"), corners)
    _sample(build, image, flow, reach, shape[1], node.output[0])
    return build.nodes


def _check(node: onnx.NodeProto, shape: tuple[int, ...], out: tuple[int, ...]) -> None:
    mode = attribute(node, "mode", "bilinear")
    padding = attribute(node, "padding_mode", "zeros")
    if mode not in ("bilinear", "linear"):
        raise RefusedError(f"its mode is `{mode}`; only the bilinear one has an exact form", _HINT)
    if len(shape) != 4:
        raise RefusedError(f"it samples {len(shape) - 2} dimensions; 2 can be done")
    if out[2:] != shape[2:] or shape[0] != 1:
        raise RefusedError(
            f"it samples {list(shape)} to {list(out)}: image and batch 1 must stay", _HINT
        )
    if padding == "reflection" and not attribute(node, "align_corners", 0):
        raise RefusedError(
            "reflection about the edges of pixels has no form; `align_corners` has one"
        )


def _reach(low: Array, high: Array, channels: int) -> tuple[int, int, int, int]:
    """Furthest shifts left, right, up, down, in pixels."""
    import numpy as np

    least, most = low.min(axis=(0, 1, 2)), high.max(axis=(0, 1, 2))
    if not np.isfinite([*least, *most]).all():
        raise RefusedError("nothing bounds its grid", _HINT)
    # Float32 rounding of the grid can carry a point over the bound by far less than this.
    left, up = (max(0, math.ceil(-v - 1e-4)) for v in least)
    right, down = (max(0, math.ceil(v - 1e-4)) for v in most)
    stack = channels * (left + right + 1) * (up + down + 1)
    if stack > LARGEST_STACK:
        reach = f"{left} left, {right} right, {up} up, {down} down"
        raise RefusedError(
            f"its grid reaches {reach} pixels, which needs {stack} shifted channels "
            f"({LARGEST_STACK} at most)",
            _HINT,
        )
    return left, right, up, down


def _flow(build: Builder, x: str, rest: str | None, factor: Array, still: Array) -> str:
    """[1, 2, height, width]: how far each point is from its pixel, x then y."""
    import numpy as np

    fixed = np.ascontiguousarray(still.transpose(0, 3, 1, 2))
    if rest is None:
        return build.constant(build.like(x, fixed))
    moved = build.add("Transpose", rest, perm=[0, 3, 1, 2])
    flow = build.add("Mul", moved, build.like(x, factor.reshape(1, 2, 1, 1)))
    return build.add("Add", flow, build.like(x, fixed)) if fixed.any() else flow


def _padded(
    build: Builder, x: str, reach: tuple[int, int, int, int], padding: str, corners: bool
) -> str:
    """The image with what lies around it: zeros, its edge, or its mirror image."""
    import numpy as np

    left, right, up, down = reach
    pads = np.array([0, 0, up, left, 0, 0, down, right], np.int64)
    if not pads.any():
        return x
    if padding == "zeros":
        return build.add("Pad", x, pads, build.like(x, 0))
    if padding == "border":
        return build.add("Pad", x, pads, mode="edge")
    height, width = build.graph.shape(x)[2:]
    if max(up, down) >= height or max(left, right) >= width:
        raise RefusedError("its grid reaches further than one mirror image")
    return build.add("Pad", x, pads, mode="reflect")


def _sample(
    build: Builder, image: str, flow: str, reach: tuple[int, int, int, int], channels: int, out: str
) -> None:
    import numpy as np

    left, right, up, down = reach
    kind = build.graph.dtype(build.node.input[0])
    columns, rows = np.arange(-left, right + 1), np.arange(-up, down + 1)
    wide, high = len(columns), len(rows)
    # Shifted images, channel by channel, row by row.
    one_hot = np.eye(high * wide).reshape(-1, 1, high, wide)
    stack = build.add(
        "Conv", image, np.tile(one_hot, (channels, 1, 1, 1)).astype(kind), group=channels
    )
    across = _tents(build, flow, 0, np.tile(columns, channels * high), kind)
    lines = _sums(build, build.add("Mul", stack, across), channels * high, wide, kind)
    downward = _tents(build, flow, 1, np.tile(rows, channels), kind)
    total = _sums(build, build.add("Mul", lines, downward), channels, high, kind)
    build.add("Identity", total, out=out)


def _tents(build: Builder, flow: str, axis: int, shifts: Array, kind: np.dtype[Any]) -> str:
    """relu(1 - |f - d|) for each d of `shifts`; |t| = relu(t) + relu(-t)."""
    import numpy as np

    places = np.unique(shifts)
    count = len(places)
    weights = np.zeros((2 * count, 2, 1, 1))
    weights[:count, axis], weights[count:, axis] = 1, -1
    bias = np.concatenate([-places, places])
    sides = build.add("Conv", flow, weights.astype(kind), bias.astype(kind))
    join = np.zeros((len(shifts), 2 * count, 1, 1))
    for k, shift in enumerate(shifts):
        place = int(np.searchsorted(places, shift))
        join[k, [place, count + place]] = -1
    ones = np.ones(len(shifts))
    tent = build.add("Conv", build.add("Relu", sides), join.astype(kind), ones.astype(kind))
    return build.add("Relu", tent)


def _sums(build: Builder, value: str, groups: int, length: int, kind: np.dtype[Any]) -> str:
    """Sums of `length` channels each."""
    import numpy as np

    weights = np.kron(np.eye(groups), np.ones((1, length)))
    return build.add("Conv", value, weights[:, :, None, None].astype(kind))
