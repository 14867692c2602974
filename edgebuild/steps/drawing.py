"""Arrays as pictures: images, maps of values, masks, spectrograms."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats.png import Color
from edgebuild.step import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]

# From low to high: dark violet, blue, teal, green, yellow; lightness rises evenly, also in grey.
_HEAT = ((34, 12, 58), (52, 48, 120), (42, 92, 142), (30, 135, 140), (64, 176, 112), (160, 208, 70),
         (250, 230, 60))  # fmt: skip
# For difference: nothing is black.
_GLOW = ((0, 0, 0), (70, 16, 80), (158, 42, 86), (226, 94, 54), (250, 178, 60), (255, 250, 200))
# Classes of a mask, for eyes of all kinds (Okabe and Ito, 2008).
_CLASSES = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (213, 94, 0),
    (204, 121, 167),
)
_SMALLEST = 8  # pixels a side, to be an image
_SHOWN = 4  # channels of a map that are shown
_LONGEST_SIGNAL = 1024  # values, from which on a vector is a signal


def is_image(array: Array, tensor: Tensor) -> bool:
    """Whether a sample is a picture: rows and columns, and one, three or a few channels."""
    planes = channels(array, tensor)
    return planes is not None and min(planes.shape[1:]) >= _SMALLEST and len(planes) <= _SHOWN


def channels(array: Array, tensor: Tensor) -> Array | None:
    """[C, H, W] of one sample with a batch axis; None if it has no rows and columns."""
    if array.ndim != 4 or array.shape[0] != 1:
        return None
    planes = array[0].transpose(2, 0, 1) if tensor.layout == "NHWC" else array[0]
    return None if min(planes.shape[1:]) < 2 else planes


def image(array: Array, tensor: Tensor, side: int, like: Array | None = None) -> Array:
    """uint8 [h, w, 3] or [h, w], no side longer than `side`. Several channels that are no colours lie beside
    each other. Values are 0..255 or 0..1, or else stretched, all by the range of `like`."""
    import numpy as np

    planes = channels(array, tensor)
    assert planes is not None
    values = _bytes(planes, array if like is None else like)
    if len(values) == 3 and tensor.color != "GRAY":
        if tensor.color == "BGR":
            values = values[::-1]
        small = np.stack([shrunk(plane, side) for plane in values], axis=-1)
        # Two bits less of each colour: a third of the bytes less, and nobody sees it.
        return ((small.astype(np.uint8) >> 2) * (255 / 63)).round().astype(np.uint8)
    return shrunk(_beside(values), side).astype(np.uint8)


def heat(planes: Array, low: float, high: float, side: int) -> Array:
    """Places 0..255 in a `palette` of [C, H, W], its first channels beside each other."""
    import numpy as np

    whole = shrunk(_beside(planes[:_SHOWN].astype(np.float64)), side)
    span = (high - low) or 1.0
    share = np.nan_to_num((whole - low) / span, nan=0.0, posinf=1.0, neginf=0.0)
    return (np.clip(share, 0, 1) * 255).round().astype(np.uint8)


@functools.cache
def palette(*, glow: bool = False) -> tuple[Color, ...]:
    """256 colours between the corners of a scale."""
    corners = _GLOW if glow else _HEAT
    colors = []
    for i in range(256):
        place = i / 255 * (len(corners) - 1)
        below = min(int(place), len(corners) - 2)
        rest = place - below
        pair = zip(corners[below], corners[below + 1], strict=True)
        red, green, blue = (round(a + (b - a) * rest) for a, b in pair)
        colors.append((red, green, blue, 255))
    return tuple(colors)


def mask(plane: Array, side: int) -> tuple[Array, list[Color]]:
    """Of [H, W] in 0..1: a colour that hides the picture below the more, the higher the value."""
    import numpy as np

    share = np.nan_to_num(shrunk(plane.astype(np.float64), side), nan=0.0)
    places = (np.clip(share, 0, 1) * 15).round().astype(np.uint8)
    red, green, blue = _CLASSES[1]
    return places, [(red, green, blue, round(i / 15 * 190)) for i in range(16)]


def classes(planes: Array, side: int) -> tuple[Array, list[Color]]:
    """Of scores [C, H, W]: the colour of the class with the highest; the first has none."""
    import numpy as np

    step = _step(planes.shape[1:], side)
    best = planes.argmax(axis=0)[::step, ::step]
    places = np.where(best == 0, 0, 1 + (best - 1) % len(_CLASSES)).astype(np.uint8)
    return places, [(0, 0, 0, 0), *((*color, 190) for color in _CLASSES)]


def spectrogram(signal: Array) -> Array:
    """Decibels [frequencies, frames] of a signal [N], the highest frequency first, 80 dB deep."""
    import numpy as np

    length = 256
    hop = max(length // 2, len(signal) // 400)
    padded = np.pad(signal.astype(np.float64), (0, length))
    frames = np.stack([padded[i : i + length] for i in range(0, len(signal), hop)])
    power = np.abs(np.fft.rfft(frames * np.hanning(length), axis=1)) ** 2
    decibels = 10 * np.log10(np.maximum(power.T[::-1], 1e-12))
    found: Array = np.maximum(decibels, decibels.max() - 80)
    return found


def strip(array: Array) -> Array:
    """Any other array as rows and columns: a few long rows stay rows, a vector is wrapped."""
    import numpy as np

    flat = array.reshape(-1, array.shape[-1]).astype(np.float64)
    if flat.shape[0] > flat.shape[1]:
        flat = flat.T
    if flat.shape[0] == 1:
        count = flat.size
        width = min(64, count)
        padded = np.pad(flat.ravel(), (0, -count % width), constant_values=np.nan)
        flat = padded.reshape(-1, width)
    return flat


def is_signal(array: Array) -> bool:
    """A long vector of floats, such as sound."""
    return bool(array.size >= _LONGEST_SIGNAL and max(array.shape) == array.size)


def shrunk(plane: Array, side: int) -> Array:
    """Means of square blocks, so that no side is longer than `side`; the type stays."""
    import numpy as np

    step = _step(plane.shape, side)
    if step == 1:
        return plane
    height, width = (-(-size // step) for size in plane.shape)
    padding = (0, height * step - plane.shape[0]), (0, width * step - plane.shape[1])
    blocks = np.pad(plane, padding, mode="edge").reshape(height, step, width, step)
    means: Array = blocks.mean(axis=(1, 3))
    return means.astype(plane.dtype)


def _step(shape: tuple[int, ...], side: int) -> int:
    return max(1, -(-max(shape) // side))


def _beside(planes: Array) -> Array:
    """[C, H, W] as one [H, W]: four as a square, fewer to the right, wide ones below each other."""
    import numpy as np

    if len(planes) == 4:
        return np.block([[planes[0], planes[1]], [planes[2], planes[3]]])
    wide = planes.shape[2] > 1.5 * planes.shape[1]
    return np.concatenate(list(planes), axis=0 if wide else 1)


def _bytes(planes: Array, like: Array) -> Array:
    """Float 0..255."""
    import numpy as np

    values = np.nan_to_num(planes.astype(np.float64), nan=0.0, posinf=255.0, neginf=0.0)
    low, high = limits(like)
    if low >= 0 and 1.5 < high <= 255:
        low, high = 0.0, 255.0
    elif low >= 0 and high <= 1.5:
        low, high = 0.0, 1.0
    return np.clip((values - low) / ((high - low) or 1.0), 0, 1) * 255


def limits(array: Array) -> tuple[float, float]:
    """The smallest and largest finite value; 0 and 0 if there is none."""
    import numpy as np

    finite = array[np.isfinite(array)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
