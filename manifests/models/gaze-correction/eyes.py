"""A pair of eyes as a picture: one function of the face, of where it looks, and of its skin.

Every array has the axes [N, 2, H, W]: N faces, their left and right eye as the picture shows them.
Lengths are pixels of the patch; an eye is about 38 of them wide, or 1.27 a millimetre. Angles are
radian, yaw positive to the right of the picture, pitch positive down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float32]
HEIGHT, WIDTH = 48, 64


@dataclass(frozen=True, kw_only=True)
class Gaze:
    """Where an eye looks, in the frame of its face, radian, and how open its lids are (0..1)."""

    yaw: Array
    pitch: Array
    open: Array


@dataclass(frozen=True, kw_only=True)
class Face:
    """What stays when the gaze moves; every field is [N, 2, 1, 1], one value for each eye."""

    side: Array  # +1: the nose is on the right
    x: Array  # middle of the eye
    y: Array
    half_width: Array
    roll: Array
    arch_upper: Array  # height of a lid over the line of the corners, as a share of half_width
    arch_lower: Array
    skew: Array
    orbit: Array  # radius on which the iris turns
    iris: Array  # radius
    pupil: Array  # as a share of the iris
    iris_tone: Array
    fibre: Array
    phase: Array
    sclera: Array
    skin: Array
    slope_x: Array  # of the light over the patch
    slope_y: Array
    socket: Array  # how much darker the hollow towards the nose is
    crease: Array
    crease_gap: Array
    lash: Array
    lash_length: Array
    lash_pitch: Array
    brow: Array
    brow_gap: Array
    grain: Array
    light_x: Array  # highlight on the cornea
    light_y: Array
    light: Array
    glasses: Array  # 0: none
    rim_x: Array
    rim_y: Array
    glare: Array


def render(f: Face, gaze: Gaze, texture: Array) -> Array:
    """Linear light 0..1 and a little above, [N, 2, 48, 64]."""
    y, x = _grid()
    cos, sin = np.cos(f.roll), np.sin(f.roll)
    px = (x - f.x) * cos + (y - f.y) * sin  # along the line of the eye's corners
    py = (y - f.y) * cos - (x - f.x) * sin
    u = px / f.half_width * f.side  # -1: outer corner, 1: corner at the nose
    arch = (1 - u * u).clip(0, None)

    # The upper lid follows the gaze down, the lower one a little.
    upper = -f.half_width * f.arch_upper * (1 - 0.95 * gaze.pitch) * arch**0.7 * (1 + f.skew * u)
    lower = f.half_width * (f.arch_lower + 0.12 * gaze.pitch) * arch**0.85 * (1 - 0.3 * f.skew * u)
    upper = lower + (upper - lower) * np.minimum(gaze.open, 1.12)
    over = py - upper  # below the edge of the upper lid
    under = lower - py
    inside = _edge(over) * _edge(under) * (arch > 0)

    image = _skin(f, texture, px, py, u, over, under, arch)
    image += inside * (_eyeball(f, gaze, px, py, u, over) - image)
    image *= 1 - _lashes(f, u, over, under, arch, gaze.open)
    return _glasses(f, image, x, y)


def _skin(
    f: Face, texture: Array, px: Array, py: Array, u: Array, over: Array, under: Array, arch: Array
) -> Array:
    image = f.skin * (1 + f.slope_x * px / 32 + f.slope_y * py / 24 + f.grain * texture)
    hollow = np.exp(-(((u - 1.05) / 0.45) ** 2) - ((py + 5) / 9) ** 2)
    image *= 1 - f.socket * hollow
    near = np.minimum(arch * 2, 1)
    image *= 1 - f.crease * near * np.exp(-(((over + f.crease_gap) / 1.1) ** 2))
    image *= 1 - 0.5 * f.crease * near * np.exp(-(((under + 4) / 1.6) ** 2))
    strands = 0.75 + 0.25 * np.sin(1.9 * px + 0.9 * py * f.side + f.phase)
    bow = py + f.brow_gap - 2.5 * u + 3 * u * u
    return image * (
        1 - f.brow * strands * np.exp(-((bow / 2.6) ** 4)) * _edge(4 - 4 * abs(u) + 0.8)
    )


def _eyeball(f: Face, gaze: Gaze, px: Array, py: Array, u: Array, over: Array) -> Array:
    corner = np.exp(-(((u - 0.97) / 0.13) ** 2))
    ball = f.sclera * (1 - 0.28 * u * u) * (1 + 0.6 * f.slope_x * px / 32)
    ball *= 1 - corner * (1 - 0.6 * f.skin - 0.25)

    at_x = f.orbit * np.sin(gaze.yaw) * np.cos(gaze.pitch)
    at_y = f.orbit * np.sin(gaze.pitch) - 0.06 * f.half_width
    dx = (px - at_x) / np.cos(gaze.yaw)  # the disc of the iris is seen at an angle
    dy = (py - at_y) / np.cos(gaze.pitch)
    r = np.sqrt(dx * dx + dy * dy) / f.iris
    turn = np.arctan2(dy, dx)
    fibres = np.sin(11 * turn + f.phase) + np.sin(17 * turn + 2 * f.phase + 4 * r)
    tone = f.iris_tone * (1 + 0.5 * f.fibre * fibres) * (1.15 - 0.65 * r**6)
    tone *= _edge((r - f.pupil) * f.iris)
    tone += 0.02
    disc = _edge(0.8 * (1 - r) * f.iris)
    ball += disc * (tone - ball)
    ball *= 1 - 0.4 * np.exp(-(over.clip(0, None)) / 2.6)  # shadow of the upper lid

    # The highlight belongs to the light: it follows the cornea by only a part of its way.
    gx, gy = px - 0.45 * at_x - f.light_x, py - 0.45 * at_y - f.light_y
    spot = np.exp(-(((gx * gx + gy * gy) / 1.7) ** 2)) + 0.5 * np.exp(
        -((gx - 4) ** 2 + (gy - 1) ** 2)
    )
    return ball + f.light * spot * disc


def _lashes(f: Face, u: Array, over: Array, under: Array, arch: Array, open_: Array) -> Array:
    """How much light the lid's rim and the lashes take, 0..1."""
    rim = np.exp(-((over / 0.9) ** 2)) * np.minimum(arch * 6, 1)
    below = np.exp(-((under / 0.8) ** 2)) * np.minimum(arch * 6, 1)
    # Strands lean outwards; those of a closed eye hang down.
    away = np.where(open_ > 0.3, -over, over - 1)
    strand = 0.5 + 0.5 * np.sin(f.lash_pitch * (u - 0.035 * away) * 2 + f.phase)
    fade = np.exp(-((away.clip(0, None) / f.lash_length) ** 2)) * (away > 0)
    fan = fade * strand * np.minimum(arch * 4, 1) * (0.8 - 0.4 * u)
    return (f.lash * np.maximum(rim, 0.8 * fan) + 0.25 * f.lash * below).clip(0, 0.95)


def _glasses(f: Face, image: Array, x: Array, y: Array) -> Array:
    if not f.glasses.any():
        return image
    dx, dy = (x - 32 + 2 * f.side) / f.rim_x, (y - 25) / f.rim_y
    d = ((dx**4 + dy**4) ** 0.25 - 1) * f.rim_y
    image = image * (1 - f.glasses * np.exp(-((d / 1.1) ** 4)))
    streak = np.exp(-(((x - y * 0.7 - 10 - 4 * f.light_x) / 4) ** 2)) * _edge(-d)
    return image + (f.glasses > 0) * f.glare * streak * 0.5


def draw_face(n: int, rng: Generator) -> Face:
    def each(low: float, high: float, between: float = 0.0) -> Array:
        """Uniform for a face; `between` is how far its two eyes differ, as a share of the span."""
        value = rng.uniform(low, high, (n, 1))
        own = rng.uniform(-0.5, 0.5, (n, 2)) * between * (high - low)
        return planes(value + own)

    def some(share: float, low: float, high: float) -> Array:
        return each(low, high) * planes(np.repeat(rng.random((n, 1)) < share, 2, 1))

    side = planes(np.tile([1.0, -1.0], (n, 1)))
    half_width = each(16.5, 21, 0.1)
    skin = each(0.16, 0.85)
    dark = skin < 0.4
    return Face(
        side=side,
        x=each(29, 35, 0.8),
        y=each(22.5, 28.5, 0.6),
        half_width=half_width,
        roll=each(-0.13, 0.13, 0.3),
        arch_upper=each(0.4, 0.62, 0.15),
        arch_lower=each(0.16, 0.28, 0.15),
        skew=each(-0.2, 0.3, 0.15),
        orbit=half_width * each(0.6, 0.7),
        iris=half_width * each(0.37, 0.43),
        pupil=each(0.26, 0.55),
        iris_tone=np.where(dark, each(0.06, 0.2), each(0.08, 0.5)),
        fibre=each(0, 0.35),
        phase=each(0, 6.28, 1),
        sclera=each(0.62, 0.95, 0.05),
        skin=skin,
        slope_x=each(-0.35, 0.35, 0.2),
        slope_y=each(-0.2, 0.3, 0.2),
        socket=each(0.05, 0.4),
        crease=each(0, 0.4, 0.1),
        crease_gap=each(2.2, 5, 0.2),
        lash=each(0.15, 0.9),
        lash_length=each(1, 4, 0.1),
        lash_pitch=each(9, 18, 0.3),
        brow=each(0, 0.75),
        brow_gap=each(12, 20, 0.1),
        grain=each(0.005, 0.06),
        light_x=each(-3.5, 3.5, 0.15),
        light_y=each(-4, 0.5, 0.1),
        light=some(0.85, 0.35, 1.1),
        glasses=some(0.18, 0.4, 0.95),
        rim_x=each(23, 31, 0.1),
        rim_y=each(15, 21, 0.1),
        glare=some(0.5, 0, 0.45),
    )


def draw_texture(n: int, rng: Generator) -> Array:
    """Uneven skin: four waves of random direction and length, amplitude about 1."""
    y, x = _grid()
    total = np.zeros((n, 2, HEIGHT, WIDTH), np.float32)
    for _ in range(4):
        length, turn, phase = (
            planes(rng.uniform(low, high, (n, 2)))
            for low, high in ((3.5, 22), (0, np.pi), (0, 2 * np.pi))
        )
        wave = 2 * np.float32(np.pi) / length
        total += np.sin(wave * (x * np.cos(turn) + y * np.sin(turn)) + phase)
    fine = rng.standard_normal(total.shape, dtype=np.float32)
    return 0.4 * total + 0.4 * fine


def _edge(distance: Array) -> Array:
    """Coverage of a pixel whose middle is `distance` inside an edge."""
    return (distance + 0.5).clip(0, 1)


def _grid() -> tuple[Array, Array]:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    return y, x


def planes(values: NDArray[np.generic]) -> Array:
    """[N, 2] as float32 [N, 2, 1, 1]."""
    return values.astype(np.float32)[:, :, None, None]
