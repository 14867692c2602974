"""Drawn pictures of one person before a cluttered background, with the person's silhouette.

No photograph is used: every picture is a function of a seed. Each is the crop that a head-and-body
detector would hand over, its box jittered so that a hand or the crown may be cut, at 256 x 160.
Persons differ in build, pose (bust, half, full; arms hanging, folded, raised, on the hips), turn,
hair, skin and clothes (tight or loose, plain, striped, chequered, mottled, skirts); backgrounds in
walls, light, pictures, windows, blinds, shelves, plants, lamps, and things in the person's
own colours. A desk, a screen or a cup may hide a part: what is hidden is no person, nor is a chair.

    image  [N, 1, 3, 256, 160]  RGB, whole values 0..255
    mask   [N, 1, 1, 256, 160]  1 where the person covers at least half of the pixel, else 0
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from drawing import (
    HEIGHT,
    WIDTH,
    Array,
    Canvas,
    Vector,
    any_cloth,
    any_color,
    box,
    shape,
    smooth_noise,
)
from numpy.random import Generator
from numpy.typing import NDArray
from person import Person, draw_person

Bytes = NDArray[np.uint8]
Groups = dict[str, dict[str, NDArray[np.generic]]]
# Calibration, evaluation, training and its validation draw from different streams.
CALIBRATION, EVALUATION, TRAINING, VALIDATION = 1, 2, 3, 4


def calibration(samples: int, seed: int, files: Mapping[str, Path]) -> Groups:
    """For quantisers."""
    return _dataset(samples, CALIBRATION, seed)


def evaluation(samples: int, seed: int, files: Mapping[str, Path]) -> Groups:
    """For checks."""
    return _dataset(samples, EVALUATION, seed)


def draw(samples: int, stream: int, seed: int) -> tuple[Bytes, Bytes]:
    """Images [N, 3, 256, 160] and masks [N, 1, 256, 160]."""
    rng = np.random.default_rng((stream, seed))
    images = np.empty((samples, 3, HEIGHT, WIDTH), np.uint8)
    masks = np.empty((samples, 1, HEIGHT, WIDTH), np.uint8)
    for i in range(samples):
        person = draw_person(rng)
        canvas = Canvas(person.box, rng)
        _paint_room(canvas, person, rng)
        for part in person.parts:
            canvas.paint(part, body=True)
        _paint_table(canvas, person, rng)
        images[i] = _shoot(canvas.image, rng)
        masks[i, 0] = canvas.mask >= 0.5
    return images, masks


def _dataset(samples: int, stream: int, seed: int) -> Groups:
    images, masks = draw(samples, stream, seed)
    return {
        "inputs": {"image": images[:, None].astype(np.float32)},
        "truth": {"mask": masks[:, None]},
    }


def _paint_room(canvas: Canvas, person: Person, rng: Generator) -> None:
    left, top, right, bottom = person.box
    origin, size = np.array((left, top)), np.array((right - left, bottom - top))
    own = [part.cloth.color for part in person.parts]

    def color() -> Vector:
        return own[rng.integers(len(own))] if rng.random() < 0.15 else any_color(rng)

    _paint_wall(canvas, rng)
    for _ in range(rng.integers(0, 7)):  # windows, pictures, shelves, cupboards, blinds
        low = origin + rng.uniform(-0.3, 0.9, 2) * size
        high = low + rng.uniform(0.08, 0.7, 2) * size
        bright = 1.6 if rng.random() < 0.15 else 1.0
        canvas.paint(box(low, high, any_cloth(rng, color()), 0.04 * size[0]), body=False)
        canvas.paint(box(low, high, any_cloth(rng, bright * color()), 0), body=False)
    if rng.random() < 0.4:  # floor
        low = origin + (-0.1, rng.uniform(0.55, 0.95)) * size
        canvas.paint(box(low, origin + 1.1 * size, any_cloth(rng, color()), 0), body=False)
    for _ in range(rng.integers(0, 5)):  # plants, lamps, pipes, balls
        a = origin + rng.uniform(-0.1, 1.1, 2) * size
        b = a + rng.normal(0, 0.25, 2) * size
        radii = rng.uniform(0.01, 0.14, 2) * size[0]
        canvas.paint(shape((a, b), any_cloth(rng, color()), *radii), body=False)
    if rng.random() < 0.3:  # the back of a chair
        wide, high = rng.uniform(0.4, 1), rng.uniform(0.7, 1.9)
        back = box((-wide, high), (wide, 4), any_cloth(rng, color()), rng.uniform(0.05, 0.3))
        canvas.paint(back, body=False)


def _paint_wall(canvas: Canvas, rng: Generator) -> None:
    y = np.linspace(-0.5, 0.5, HEIGHT, dtype=np.float32)[:, None]
    x = np.linspace(-0.5, 0.5, WIDTH, dtype=np.float32)[None]
    down, across = rng.uniform(-1, 1, 2).astype(np.float32)
    one, other = any_color(rng)[:, None, None], any_color(rng)[:, None, None]
    canvas.image[:] = one + 0.6 * (other - one) * (0.5 + down * y + across * x).clip(0, 1)
    rough = sum(
        weight * smooth_noise(rng, cells)
        for weight, cells in ((1, 4), (0.6, 12), (0.4, 40), (0.3, 100))
    )
    canvas.image *= 1 + rng.uniform(0, 0.3) * rough


def _paint_table(canvas: Canvas, person: Person, rng: Generator) -> None:
    left, top, right, bottom = person.box
    width, height = right - left, bottom - top
    if rng.random() < 0.25:
        ends = top + (rng.uniform(0.72, 0.97) + rng.normal(0, 0.015, 2)) * height
        table = ((left, ends[0]), (right, ends[1]), (right, bottom), (left, bottom))
        canvas.paint(shape(table, any_cloth(rng), 0.02 * width), body=False)
    if rng.random() < 0.15:  # a screen or a cup
        low = np.array((rng.uniform(left, right), top + rng.uniform(0.7, 0.95) * height))
        high = np.add(low, (rng.uniform(0.08, 0.5) * width, height))
        canvas.paint(box(low, high, any_cloth(rng), 0.03), body=False)


def _shoot(light: Array, rng: Generator) -> Bytes:
    """Gain, white balance, gamma, blur and noise of a camera."""
    gain = rng.uniform(0.55, 1.25) * rng.uniform(0.88, 1.12, (3, 1, 1))
    image = (light * gain.astype(np.float32)).clip(0.002, 1) ** np.float32(rng.uniform(0.75, 1.35))
    k = np.float32(rng.uniform(0, 0.3))
    for axis in (1, 2):
        image = (1 - 2 * k) * image + k * (np.roll(image, 1, axis) + np.roll(image, -1, axis))
    grain = rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(0, 8))
    return np.rint(image * 255 + grain).clip(0, 255).astype(np.uint8)
