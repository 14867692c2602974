"""Drawing rounded, patterned shapes on a picture, and how much of each pixel is a person.

Lengths are the scene's, mapped to pixels by the crop; x to the right, y down. Colours are RGB 0..1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float32]
Vector = NDArray[np.float64]
Box = tuple[float, float, float, float]  # left, top, right, bottom
HEIGHT, WIDTH = 256, 160


@dataclass(frozen=True, kw_only=True)
class Cloth:
    """Colour (RGB 0..1) of a surface, the pattern on it, and how much darker its edges are."""

    color: Vector
    second: Vector
    pattern: str = "plain"
    pitch: float = 0.3
    relief: float = 0.3


@dataclass(frozen=True, kw_only=True)
class Part:
    """One point: a disc; two: a capsule whose radius goes from `ra` to `rb`; more: a convex polygon,
    clockwise on the picture, grown by `ra`."""

    points: Vector
    ra: float
    rb: float
    cloth: Cloth


class Canvas:
    """A picture [3, H, W], 0..1, of the scene within a box, and the person's coverage [H, W] in it."""

    def __init__(self, box: Box, rng: Generator) -> None:
        left, top, right, bottom = box
        self.image = np.zeros((3, HEIGHT, WIDTH), np.float32)
        self.mask = np.zeros((HEIGHT, WIDTH), np.float32)
        self.x = np.linspace(left, right, WIDTH, dtype=np.float32)
        self.y = np.linspace(top, bottom, HEIGHT, dtype=np.float32)
        self.pixels = 0.5 * (WIDTH / (right - left) + HEIGHT / (bottom - top))  # for one length
        self.noise = smooth_noise(rng, 24) + 0.5 * smooth_noise(rng, 60)
        angle = rng.uniform(0, 2 * np.pi)
        self.light = (np.float32(np.cos(angle)), np.float32(np.sin(angle)))

    def paint(self, part: Part, *, body: bool) -> None:
        """Put it before all that is there; `body`: it belongs to the person."""
        reach = max(part.ra, part.rb) + 2 / self.pixels
        low, high = part.points.min(0) - reach, part.points.max(0) + reach
        columns = slice(*np.searchsorted(self.x, (low[0], high[0])))
        rows = slice(*np.searchsorted(self.y, (low[1], high[1])))
        if columns.start == columns.stop or rows.start == rows.stop:
            return
        x, y = self.x[None, columns], self.y[rows, None]
        depth = _depth(part, x, y)
        cover = (depth * np.float32(self.pixels) + 0.5).clip(0, 1)
        radius = max(part.ra, part.rb, 0.25)
        roundness = (1 - depth / np.float32(radius)).clip(0, 1) ** 2
        middle = part.points.mean(0)
        side = (x - middle[0]) * self.light[0] + (y - middle[1]) * self.light[1]
        shade = (1 - part.cloth.relief * roundness) * (1 + 0.12 * side.clip(-1, 1))
        color = _surface(part.cloth, x, y, self.noise[rows, columns]) * shade
        window = self.image[:, rows, columns]
        window += cover * (color - window)
        area = self.mask[rows, columns]
        area += cover * ((1.0 if body else 0.0) - area)


def _depth(part: Part, x: Array, y: Array) -> Array:
    """Distance inside the outline."""
    p = part.points.astype(np.float32)
    if len(p) <= 2:
        a, b = p[0], p[-1]
        dx, dy = b - a
        length = dx * dx + dy * dy
        t = ((x - a[0]) * dx + (y - a[1]) * dy) / (length + np.float32(1e-6))
        t = t.clip(0, 1)
        off = np.hypot(x - a[0] - t * dx, y - a[1] - t * dy)
        return np.float32(part.ra) + t * np.float32(part.rb - part.ra) - off
    depth = np.full(np.broadcast_shapes(x.shape, y.shape), np.inf, np.float32)
    for a, b in zip(p, np.roll(p, -1, 0), strict=True):
        ex, ey = (b - a) / np.hypot(*(b - a))
        np.minimum(depth, ex * (y - a[1]) - ey * (x - a[0]), out=depth)
    return depth + np.float32(part.ra)


def _surface(cloth: Cloth, x: Array, y: Array, noise: Array) -> Array:
    wave = np.float32(2 * np.pi / cloth.pitch)
    match cloth.pattern:
        case "stripes":
            share = np.broadcast_to(np.sin(wave * y) > 0.2, noise.shape)
        case "bars":
            share = np.broadcast_to(np.sin(wave * x) > 0.2, noise.shape)
        case "checks":
            share = 0.5 * (np.sin(wave * x) > 0) + 0.5 * (np.sin(wave * y) > 0)
        case "mottled":
            share = (noise * 1.5).clip(0, 1)
        case _:
            share = np.zeros_like(noise)
    first, second = (c.astype(np.float32)[:, None, None] for c in (cloth.color, cloth.second))
    return (first + share.astype(np.float32) * (second - first)) * (1 + np.float32(0.06) * noise)


def smooth_noise(rng: Generator, cells: int) -> Array:
    """[H, W] within -1..1, `cells` of it over the height."""
    across = max(2, cells * WIDTH // HEIGHT)
    grid = rng.uniform(-1, 1, (cells + 1, across + 1)).astype(np.float32)
    return _stretch(_stretch(grid, HEIGHT).T, WIDTH).T


def shape(
    points: Sequence[Sequence[float] | Vector], cloth: Cloth, ra: float, rb: float = -1
) -> Part:
    """A part; without `rb` its radius is `ra` everywhere."""
    return Part(points=np.array(points, np.float64), ra=ra, rb=ra if rb < 0 else rb, cloth=cloth)


def box(
    low: Sequence[float] | Vector, high: Sequence[float] | Vector, cloth: Cloth, grow: float
) -> Part:
    """A rectangle from its left upper to its right lower corner."""
    return shape((low, (high[0], low[1]), high, (low[0], high[1])), cloth, grow)


def plain(color: Vector) -> Cloth:
    """No pattern."""
    return Cloth(color=color, second=color)


def any_cloth(rng: Generator, color: Vector | None = None) -> Cloth:
    """Plain or patterned, with another colour in the pattern."""
    patterns = ["plain", "stripes", "bars", "checks", "mottled"]
    return Cloth(
        color=any_color(rng) if color is None else color,
        second=any_color(rng),
        pattern=rng.choice(patterns, p=[0.55, 0.1, 0.1, 0.1, 0.15]),
        pitch=rng.uniform(0.08, 0.6),
        relief=rng.uniform(0.05, 0.45),
    )


def any_color(rng: Generator) -> Vector:
    """Half of them nearly grey, as rooms and clothes are."""
    grey = rng.uniform(0.04, 0.95)
    return (grey + rng.uniform(-0.5, 0.5, 3) * rng.choice([0.12, 0.7])).clip(0.02, 1)


def _stretch(rows: Array, size: int) -> Array:
    """Linear interpolation along the first axis."""
    at = np.linspace(0, len(rows) - 1, size, dtype=np.float32)
    low = np.minimum(at.astype(int), len(rows) - 2)
    share = (at - low).astype(np.float32)[:, None]
    return rows[low] * (1 - share) + rows[low + 1] * share
