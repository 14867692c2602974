"""Rendered pairs of eyes, looking somewhere and looking into the camera, with the angle between.

No photograph is used: every picture is a function of a seed. A pair of eyes shares its face (skin,
iris, lids, lashes, eyebrow, glasses), its light and its camera (gain, gamma, blur, noise); the two
eyes differ by mirroring, by a little of everything and by where the patch was cut. A sample is the
pair as the camera saw it, the same pair as it would have looked into the camera, without noise, and
the rotation from the one gaze to the other as a device would estimate it, one degree off.

    eyes       [N, 1, 2, 48, 64]  whole grey values 0..255; first the eye on the picture's left
    angle      [N, 1, 2]          radian: yaw (positive: to the picture's right), pitch (down)
    corrected  [N, 1, 2, 48, 64]  0..1

The head is turned against the camera, so the picture alone does not tell where the iris belongs.
One sample in eight looks into the camera already; one in eleven has its eyes closed or nearly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from eyes import HEIGHT, WIDTH, Array, Gaze, draw_face, draw_texture, planes, render
from numpy.random import Generator
from numpy.typing import NDArray

Groups = dict[str, dict[str, NDArray[np.generic]]]
Floats = NDArray[np.float64]
ANGLE_ERROR_RAD = np.radians(1.0)
BATCH = 32
# Calibration, evaluation, training and its validation draw from different streams.
CALIBRATION, EVALUATION, TRAINING, VALIDATION = 1, 2, 3, 4


def calibration(samples: int, seed: int, files: Mapping[str, Path]) -> Groups:
    """For quantisers."""
    return _dataset(samples, CALIBRATION, seed)


def evaluation(samples: int, seed: int, files: Mapping[str, Path]) -> Groups:
    """For checks."""
    return _dataset(samples, EVALUATION, seed)


def draw(samples: int, stream: int, seed: int) -> tuple[Array, Array, Array]:
    """Eyes [N, 2, 48, 64] in 0..255, angle [N, 2], corrected [N, 2, 48, 64] in 0..1."""
    rng = np.random.default_rng((stream, seed))
    eyes = np.empty((samples, 2, HEIGHT, WIDTH), np.float32)
    corrected = np.empty_like(eyes)
    angle = np.empty((samples, 2), np.float32)
    for i in range(0, samples, BATCH):
        part = slice(i, min(i + BATCH, samples))
        eyes[part], angle[part], corrected[part] = _batch(part.stop - i, rng)
    return eyes, angle, corrected


def _dataset(samples: int, stream: int, seed: int) -> Groups:
    eyes, angle, corrected = draw(samples, stream, seed)
    return {
        "inputs": {"eyes": eyes[:, None], "angle": angle[:, None]},
        "truth": {"corrected": corrected[:, None]},
    }


def _batch(n: int, rng: Generator) -> tuple[Array, Array, Array]:
    face, texture = draw_face(n, rng), draw_texture(n, rng)
    # Yaw and pitch, [N, 2]: of the head against the camera, and of the gaze's way to the camera.
    head = rng.normal(0, (9, 6), (n, 2)).clip(-20, 20)
    way = rng.normal((0, -5), (9, 6), (n, 2)).clip((-22, -15), (22, 12))
    way *= rng.random((n, 1)) > 0.12
    target = np.radians(-head)
    source = (target - np.radians(way)).clip(-0.6, 0.6)

    closed = rng.random(n) < 0.09
    opening = np.where(closed, rng.uniform(0, 0.25, n), rng.uniform(0.72, 1.12, n))
    vergence = np.radians(rng.uniform(0, 2.5, (n, 1))) * (1, -1)

    def gaze(direction: Floats) -> Gaze:
        return Gaze(
            yaw=planes(direction[:, :1] + vergence),
            pitch=planes(direction[:, 1:].repeat(2, 1)),
            open=planes(opening[:, None].repeat(2, 1)),
        )

    camera = _camera(n, rng)
    seen, wanted = (camera(render(face, gaze(g), texture)) for g in (source, target))
    grain = rng.standard_normal(seen.shape, np.float32) * _uniform(rng, n, 0, 3.5)
    eyes = np.rint(seen * 255 + grain).clip(0, 255)
    angle = target - source + rng.normal(0, ANGLE_ERROR_RAD, (n, 2))
    return eyes, angle.astype(np.float32), np.rint(wanted * 255) / np.float32(255)


def _camera(n: int, rng: Generator) -> Callable[[Array], Array]:
    """Gain, gamma and blur, the same each time it is called."""
    gain, gamma = _uniform(rng, n, 0.65, 1.2), _uniform(rng, n, 0.75, 1.3)
    blur = _uniform(rng, n, 0, 0.27)

    def shoot(light: Array) -> Array:
        image = (gain * light).clip(1e-3, 1) ** gamma
        for axis in (2, 3):
            padding = [(0, 0)] * 4
            padding[axis] = (1, 1)
            before, after = (
                np.take(np.pad(image, padding, mode="edge"), range(k, k + image.shape[axis]), axis)
                for k in (0, 2)
            )
            image = (1 - 2 * blur) * image + blur * (before + after)
        return image

    return shoot


def _uniform(rng: Generator, n: int, low: float, high: float) -> Array:
    """One value a sample, for both its eyes."""
    return rng.uniform(low, high, (n, 1, 1, 1)).astype(np.float32)
