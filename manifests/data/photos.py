"""Calibration and evaluation images for face and portrait networks, cut from one public-domain photo.

The photo (NASA's portrait of Eileen Collins) shows a face, hair, a textured suit and two backgrounds.
Crops differ in place, scale, brightness, contrast and mirroring; every one keeps the face in view,
from filling the image to a tenth of its height (the photo goes on mirrored at its edges), so that the
activations that matter occur at every stride of a detector. Networks nobody here made come without
their own data: parity is what is shown with these, not quality.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

# Face box in the photo: left, top, right, bottom, in pixels.
_FACE = (177, 57, 274, 184)
# How far the mirrored photo goes on beyond its edges.
_PAD = 450

Dataset = dict[str, dict[str, np.ndarray]]


def ultraface(samples: int, seed: int, files: Mapping[str, Path]) -> Dataset:
    """`input` [N, 1, 3, 240, 320], RGB, 0..255."""
    return {"inputs": {"input": _crops(files["photo"], samples, seed, 320, 240)}}


def yunet(samples: int, seed: int, files: Mapping[str, Path]) -> Dataset:
    """`input` [N, 1, 3, 320, 320], BGR, 0..255."""
    return {"inputs": {"input": _crops(files["photo"], samples, seed, 320, 320)[:, :, ::-1].copy()}}


def sinet(samples: int, seed: int, files: Mapping[str, Path]) -> Dataset:
    """`data` [N, 1, 3, 320, 320], BGR, 0..255."""
    return {"inputs": {"data": _crops(files["photo"], samples, seed, 320, 320)[:, :, ::-1].copy()}}


def _crops(photo: Path, samples: int, seed: int, width: int, height: int) -> np.ndarray:
    """[N, 1, 3, height, width] float32, RGB, whole numbers 0..255."""
    random = np.random.default_rng(seed)
    with Image.open(photo) as opened:
        image = opened.convert("RGB")
    around = ((_PAD, _PAD), (_PAD, _PAD), (0, 0))
    image = Image.fromarray(np.pad(np.asarray(image), around, "symmetric"))
    left, top, right, bottom = (edge + _PAD for edge in _FACE)
    largest = min(image.height, image.width * height / width)
    batch = np.empty((samples, 1, 3, height, width), np.float32)
    for number in range(samples):
        # A window of the output's shape, at least the face's height, that contains the face's middle.
        tall = (bottom - top) * (largest / (bottom - top)) ** random.random()
        wide = tall * width / height
        x = _inside(random, (left + right) / 2, wide, image.width)
        y = _inside(random, (top + bottom) / 2, tall, image.height)
        cut = image.resize((width, height), Image.Resampling.BILINEAR, (x, y, x + wide, y + tall))
        pixels = np.asarray(cut, np.float32)
        if random.random() < 0.5:
            pixels = pixels[:, ::-1]
        gain, lift = random.uniform(0.5, 1.3), random.uniform(-30, 30)
        pixels = np.clip(np.round((pixels - 128) * gain + 128 + lift), 0, 255)
        batch[number, 0] = pixels.transpose(2, 0, 1)
    return batch


def _inside(random: np.random.Generator, middle: float, length: float, limit: float) -> float:
    """Start of a window of `length` within 0..limit whose middle half contains `middle`."""
    low = max(0.0, middle - 0.75 * length)
    high = min(limit - length, middle - 0.25 * length)
    return float(random.uniform(low, max(low, high)))
