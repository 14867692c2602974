"""The room of a drawn scene, what stands in it, its light, and the camera that takes the picture."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from shapes import Array, Canvas, Mask, Paint, Point

Rng = np.random.Generator


class Placed(Protocol):
    """Someone at the table."""

    @property
    def x(self) -> float: ...
    @property
    def top(self) -> float: ...
    @property
    def head_height(self) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Light:
    """Where light comes from, and how much darker the other side is."""

    direction: Point
    shade: float

    @staticmethod
    def draw(rng: Rng) -> Light:
        side = float(rng.uniform(-1, 1))
        return Light(
            direction=(side, float(rng.uniform(-1, 0))), shade=float(rng.uniform(0.1, 0.6))
        )

    def on(self, color: NDArray[np.floating]) -> Paint:
        return Paint(color=np.asarray(color, np.float32), shade=self.shade, light=self.direction)

    def over(self, paint: Paint) -> Paint:
        return replace(paint, shade=self.shade, light=self.direction)


def muted(rng: Rng) -> Array:
    return _hsv(rng.random(), rng.uniform(0, 0.35), rng.uniform(0.35, 0.95))


def vivid(rng: Rng) -> Array:
    return _hsv(rng.random(), rng.uniform(0.4, 1), rng.uniform(0.3, 1))


def draw_room(canvas: Canvas, rng: Rng, light: Light) -> None:
    """Everything behind the people."""
    height, width = canvas.pixels.shape[1:]
    horizon = float(rng.uniform(0.45, 0.85) * height)
    wall = _surface(rng, muted(rng))
    canvas.box(
        (-1, -1),
        (width + 1, horizon),
        replace(wall, shade=0.3 * light.shade, light=light.direction),
    )
    floor = _surface(rng, muted(rng) * np.float32(rng.uniform(0.3, 0.9)))
    canvas.box((-1, horizon), (width + 1, height + 1), floor)
    if rng.random() < 0.5:
        skirting = Paint(color=muted(rng) * np.float32(0.7))
        canvas.box((-1, horizon - rng.uniform(1, 4)), (width + 1, horizon), skirting)
    things = (_window, _screen, _picture, _shelf, _plant, _lamp, _coat, _pillar, _ball, _door)
    for _ in range(int(rng.integers(1, 8))):
        things[int(rng.integers(len(things)))](canvas, rng, light, horizon)
    for _ in range(int(rng.integers(0, 4))):
        _chair(canvas, rng, light, horizon)
    canvas.pixels *= _smooth(rng, (5, 8), canvas.pixels.shape[1:], 0.12) + 1


def draw_table(canvas: Canvas, rng: Rng, light: Light, behind: Sequence[Placed]) -> Mask:
    """A table that hides people's lower bodies but no one's chest; its mask, laptops included."""
    height, width = canvas.pixels.shape[1:]
    chests = [p.top + rng.uniform(1.9, 3.6) * p.head_height for p in behind]
    edge = float(np.clip(max(chests, default=0.6 * height), 0.45 * height, 0.95 * height))
    mask = canvas.start()
    color = muted(rng) * np.array([1, 0.85, 0.7], np.float32) * np.float32(rng.uniform(0.4, 1))
    half = (float(rng.uniform(0.3, 0.8) * width), float(rng.uniform(0.5, 1.0) * height))
    middle = float(rng.uniform(0.3, 0.7) * width)
    canvas.ellipse((middle, edge + half[1]), half, light.over(_surface(rng, color)), power=4.0)
    for person in behind:
        near = 1.2 * person.head_height > edge - person.top - 2.5 * person.head_height
        if near and rng.random() < 0.4:
            w, d = person.head_height * rng.uniform(0.7, 1.1), person.head_height * 0.8
            x = person.x + rng.uniform(-0.8, 0.8) * person.head_height
            lid = Paint(color=np.full(3, rng.uniform(30, 210), np.float32))
            canvas.box((x - w, edge - 0.5 * d), (x + w, edge + 0.6 * d), light.over(lid))
    return mask


def develop(canvas: Canvas, rng: Rng) -> NDArray[np.uint8]:
    """What the camera makes of it: `[3, H, W]`, whole values 0..255."""
    pixels = canvas.pixels
    height, width = pixels.shape[1:]
    if rng.random() < 0.5:
        pixels = _blurred(pixels, np.float32(rng.uniform(0.05, 0.3)))
    cast = rng.uniform(0.85, 1.1, (3, 1, 1)).astype(np.float32)
    u = (canvas.x / width - 0.5) ** 2 + (canvas.y / height - 0.5) ** 2
    pixels = np.clip(pixels / 255 * cast * (1 - rng.uniform(0, 0.8) * u), 0, 1) ** rng.uniform(
        0.7, 1.5
    )
    pixels = pixels * rng.uniform(0.55, 1.1) + rng.uniform(0, 0.06)
    noise = rng.standard_normal((3, height, width), np.float32) * np.float32(rng.uniform(0, 0.025))
    return np.asarray(np.rint(np.clip(pixels + noise, 0, 1) * 255), np.uint8)


def _blurred(pixels: Array, share: np.float32) -> Array:
    """Each pixel mixed with `share` of either neighbour, across and down."""
    wide = np.pad(pixels, ((0, 0), (1, 1), (1, 1)), "edge")
    wide = wide[:, 1:-1] * (1 - 2 * share) + (wide[:, :-2] + wide[:, 2:]) * share
    return np.asarray(wide[..., 1:-1] * (1 - 2 * share) + (wide[..., :-2] + wide[..., 2:]) * share)


def _hsv(hue: float, saturation: float, value: float) -> Array:
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value), np.float32) * 255


def _surface(rng: Rng, color: Array) -> Paint:
    """Plain, or boards, tiles, bricks."""
    if rng.random() < 0.55:
        return Paint(color=color)
    other = color * np.float32(rng.uniform(0.75, 1.0))
    return Paint(
        color=color,
        other=other,
        period=float(rng.uniform(4, 40)),
        angle=float(rng.choice([0, 0, np.pi / 2, np.pi / 6])),
        squares=bool(rng.random() < 0.4),
    )


def _smooth(rng: Rng, cells: tuple[int, int], shape: tuple[int, ...], amplitude: float) -> Array:
    """Slow random changes over the picture, linear between a few random values."""
    values = rng.normal(0, amplitude, cells)
    for axis, length in enumerate(shape):
        at = np.linspace(0, cells[axis] - 1, length)
        low = np.minimum(at.astype(int), cells[axis] - 2)
        share = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
        values = np.take(values, low, axis) * (1 - share) + np.take(values, low + 1, axis) * share
    return values.astype(np.float32)


def _spot(canvas: Canvas, rng: Rng, horizon: float) -> Point:
    return float(rng.uniform(0, canvas.pixels.shape[2])), float(rng.uniform(0.1, 0.8) * horizon)


def _window(canvas: Canvas, rng: Rng, light: Light, horizon: float) -> None:
    x, y = _spot(canvas, rng, horizon)
    w, h = rng.uniform(12, 45), rng.uniform(15, 40)
    sky = np.array([200, 220, 245], np.float32) * np.float32(rng.uniform(0.5, 1.15))
    blind = np.float32(rng.uniform(0.6, 0.95)) * sky if rng.random() < 0.5 else None
    canvas.box((x - w - 2, y - h - 2), (x + w + 2, y + h + 2), Paint(color=muted(rng)))
    paint = Paint(
        color=np.clip(sky, 0, 255), other=blind, period=float(rng.uniform(3, 6)), angle=np.pi / 2
    )
    canvas.box((x - w, y - h), (x + w, y + h), paint)


def _screen(canvas: Canvas, rng: Rng, light: Light, horizon: float) -> None:
    x, y = _spot(canvas, rng, horizon)
    w = rng.uniform(15, 55)
    h = 0.56 * w
    canvas.box(
        (x - w - 2, y - h - 2), (x + w + 2, y + h + 2), Paint(color=np.full(3, 20, np.float32))
    )
    canvas.box((x - w, y - h), (x + w, y + h), Paint(color=vivid(rng)))
    for _ in range(int(rng.integers(0, 7))):
        left, up = x + rng.uniform(-0.9, 0.5) * w, y + rng.uniform(-0.9, 0.6) * h
        canvas.box(
            (left, up),
            (left + rng.uniform(0.1, 0.9) * w, up + rng.uniform(1, 8)),
            Paint(color=muted(rng)),
        )


def _picture(canvas: Canvas, rng: Rng, light: Light, horizon: float) -> None:
    x, y = _spot(canvas, rng, horizon)
    w, h = rng.uniform(5, 18), rng.uniform(5, 18)
    canvas.box((x - w, y - h), (x + w, y + h), Paint(color=vivid(rng) * np.float32(0.5)))
    canvas.box((x - w + 2, y - h + 2), (x + w - 2, y + h - 2), _surface(rng, vivid(rng)))


def _shelf(canvas: Canvas, rng: Rng, light: Light, horizon: float) -> None:
    x, y = _spot(canvas, rng, horizon)
    w = rng.uniform(15, 40)
    canvas.box((x - w, y), (x + w, horizon), light.on(muted(rng) * np.float32(0.6)))
    for left in np.arange(x - w + 2, x + w - 4, rng.uniform(3, 8)):
        canvas.box(
            (left, y + rng.uniform(2, 8)),
            (left + rng.uniform(1, 4), y + 16),
            Paint(color=vivid(rng)),
        )


def _plant(canvas: Canvas, rng: Rng, light: Light, horizon: float) -> None:
    x, y, size = (
        rng.uniform(0, canvas.pixels.shape[2]),
        horizon + rng.uniform(-5, 25),
        rng.uniform(5, 16),
    )
    canvas.ellipse(
        (x, y), (0.5 * size, 0.7 * size), light.on(muted(rng) * np.float32(0.7)), power=4.0
    )
    for _ in range(int(rng.integers(4, 12))):
        leaf = (x + rng.normal(0, 0.6) * size, y - (0.8 + rng.random() * 1.8) * size)
        green = np.array([40, 110, 45], np.float32) * np.float32(rng.uniform(0.5, 1.5))
        canvas.ellipse(
            leaf, (0.25 * size, 0.6 * size), light.on(green), tilt=rng.uniform(-1.5, 1.5)
        )


def _lamp(canvas: Canvas, rng: Rng, light: Light, horizon: float) -> None:
    x, y = _spot(canvas, rng, 0.5 * horizon)
    r = rng.uniform(3, 12)
    canvas.capsule((x, -5), (x, y), (0.6, 0.6), Paint(color=np.full(3, 40, np.float32)))
    warm = np.array([255, 240, 200], np.float32) if rng.random() < 0.6 else muted(rng)
    canvas.ellipse((x, y), (r, r * rng.uniform(0.5, 1.2)), light.on(warm))


def _coat(canvas: Canvas, rng: Rng, light: Light, horizon: float) -> None:
    """Clothes on a hook: a body without a head."""
    x, y = _spot(canvas, rng, horizon)
    size = rng.uniform(8, 22)
    paint = light.on(vivid(rng) * np.float32(0.7))
    canvas.capsule(
        (x - 0.6 * size, y + 0.3 * size),
        (x + 0.6 * size, y + 0.3 * size),
        (0.3 * size, 0.3 * size),
        paint,
    )
    canvas.ellipse((x, y + 1.3 * size), (0.75 * size, 1.3 * size), paint, power=4.0)
    for side in (-1, 1):
        canvas.capsule(
            (x + side * 0.75 * size, y + 0.4 * size),
            (x + side * size, y + 2 * size),
            (0.25 * size, 0.2 * size),
            paint,
        )


def _pillar(canvas: Canvas, rng: Rng, light: Light, horizon: float) -> None:
    x, w = rng.uniform(0, canvas.pixels.shape[2]), rng.uniform(3, 14)
    canvas.box((x - w, -1), (x + w, horizon + 3), light.on(muted(rng)))


def _ball(canvas: Canvas, rng: Rng, light: Light, horizon: float) -> None:
    """A clock, a globe, a balloon: round, and no head."""
    x, y = _spot(canvas, rng, horizon)
    r = rng.uniform(3, 14)
    canvas.ellipse(
        (x, y),
        (r, r * rng.uniform(0.9, 1.3)),
        light.on(vivid(rng) if rng.random() < 0.5 else muted(rng)),
    )
    if rng.random() < 0.5:
        canvas.ellipse((x, y), (0.8 * r, 0.8 * r), light.on(muted(rng)))


def _door(canvas: Canvas, rng: Rng, light: Light, horizon: float) -> None:
    x, w = rng.uniform(0, canvas.pixels.shape[2]), rng.uniform(10, 25)
    canvas.box(
        (x - w, horizon - 4.2 * w), (x + w, horizon), light.on(_surface(rng, muted(rng)).color)
    )
    canvas.ellipse(
        (x + 0.8 * w, horizon - 1.9 * w), (1.5, 1.5), Paint(color=np.full(3, 200, np.float32))
    )


def _chair(canvas: Canvas, rng: Rng, light: Light, horizon: float) -> None:
    size = rng.uniform(6, 20)
    x, y = rng.uniform(0, canvas.pixels.shape[2]), horizon + rng.uniform(-0.2, 1.5) * size
    paint = light.on(muted(rng) * np.float32(rng.uniform(0.2, 0.9)))
    canvas.ellipse((x, y), (size, 1.3 * size), paint, power=4.0)
    canvas.capsule(
        (x - 0.9 * size, y + 1.6 * size),
        (x + 0.9 * size, y + 1.6 * size),
        (0.35 * size, 0.35 * size),
        paint,
    )
    canvas.capsule(
        (x, y + 1.8 * size),
        (x, y + 3.2 * size),
        (0.15 * size, 0.15 * size),
        Paint(color=np.full(3, 40, np.float32)),
    )
