"""A person as parts to draw: build, pose, clothes, hair, and the crop that a detector would make.

Lengths are heights of the person's head, whose middle is at 0; x to the right, y down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from drawing import Box, Cloth, Part, Vector, any_cloth, plain, shape
from numpy.random import Generator

# Of an arm, degrees, least and most: how far the upper arm is turned away from hanging, and how much
# further the forearm; negative is towards the body.
POSES = {
    "folded": ((8, -130), (25, -95)),
    "hanging": ((0, -25), (20, 8)),
    "lap": ((5, -80), (30, -25)),
    "hip": ((30, -110), (50, -80)),
    "raised": ((60, 30), (150, 110)),
    "free": ((0, -140), (120, 60)),
}


@dataclass(frozen=True, kw_only=True)
class Person:
    """Parts from back to front, and the crop: left, top, right, bottom."""

    parts: Sequence[Part]
    box: Box


def draw_person(rng: Generator) -> Person:
    """Anyone."""
    turn = rng.uniform(0.85, 1) if rng.random() < 0.65 else rng.uniform(0.45, 0.85)
    build = rng.uniform(0.85, 1.35)
    loose = rng.uniform(1, 1.5)
    hip = rng.uniform(0.58, 0.76) * (0.4 + 0.6 * turn) * build
    skin = _skin(rng)
    top, bottom = any_cloth(rng), any_cloth(rng)
    lean = _turn(np.radians(rng.normal(0, 5)))
    folded = rng.random() < 0.2
    arms: list[Part] = []
    hidden: list[Part] = []
    trunk, shoulder = _trunk(rng, turn, build, hip, loose, top)
    sleeve = trunk[0].cloth
    for side in (-1, 1):
        arm = _arm(rng, side, shoulder, loose * build**0.5, sleeve, skin, folded)
        (hidden if rng.random() < 1 - turn else arms).extend(arm)
    upper = [*hidden, *trunk, *_head(rng, skin), *arms]
    pivot = (0, 3.2)
    upper = [
        Part(points=(p.points - pivot) @ lean + pivot, ra=p.ra, rb=p.rb, cloth=p.cloth)
        for p in upper
    ]
    parts = [*_legs(rng, hip, loose * build**0.5, bottom, skin), *upper]
    return Person(parts=parts, box=_crop(rng, parts))


def _trunk(
    rng: Generator, turn: float, build: float, hip: float, loose: float, top: Cloth
) -> tuple[list[Part], float]:
    shoulder = rng.uniform(0.8, 1.08) * turn * build**0.5
    waist = rng.uniform(0.5, 0.72) * (0.4 + 0.6 * turn) * build
    outer = any_cloth(rng) if rng.random() < 0.3 else top
    belly = ((-waist, 2.2), (waist, 2.2), (hip, 3.3), (-hip, 3.3))
    right = ((0.3, 0.8), (shoulder, 1.05), (waist, 2.5))
    chest = [*right, *((-x, y) for x, y in reversed(right))]
    parts = [shape(belly, outer, 0.1 * loose), shape(chest, outer, 0.1 * loose)]
    if outer is not top:  # an open jacket: the shirt shows as a wedge
        gap = rng.uniform(0.12, 0.45) * turn
        parts.append(shape(((-0.25, 0.8), (0.25, 0.8), (gap, 3.3), (-gap, 3.3)), top, 0.02))
    return parts, shoulder


def _head(rng: Generator, skin: Cloth) -> list[Part]:
    tones = ((0.06, 0.05, 0.05), (0.25, 0.15, 0.08), (0.8, 0.62, 0.35), (0.65, 0.65, 0.66))
    hair = plain(np.array(tones[rng.integers(4)]) * rng.uniform(0.7, 1.2))
    style = rng.choice(["bald", "short", "long", "bun"], p=[0.1, 0.5, 0.3, 0.1])
    wide = rng.uniform(0.34, 0.42)
    parts = []
    if style == "long":
        low = rng.uniform(0.5, 1.4)
        parts.append(shape(((0, -0.1), (0, low)), hair, wide + 0.12, rng.uniform(0.3, 0.6)))
    elif style == "bun":
        parts.append(shape(((rng.uniform(-0.3, 0.3), -0.6),), hair, 0.2))
    parts.append(shape(((0, 0.4), (0, 0.95)), skin, 0.24, 0.3))
    if style != "bald":
        parts.append(shape(((0, -0.16), (0, 0.05)), hair, wide + 0.07))
    parts.append(shape(((0, 0.0), (0, 0.22)), skin, wide - 0.02, 0.29))
    look = rng.uniform(-0.12, 0.12)
    dark = plain(np.array((0.12, 0.09, 0.08)))
    parts += [shape(((look + dx, 0.03),), dark, 0.045) for dx in (-0.15, 0.15)]
    if rng.random() < 0.2:
        parts.append(shape(((look, 0.34), (look, 0.4)), hair, 0.22))
    if rng.random() < 0.12:
        hat = any_cloth(rng)
        parts.append(
            shape(((-wide, -0.3), (-wide * 0.8, -0.6), (wide * 0.8, -0.6), (wide, -0.3)), hat, 0.06)
        )
    if rng.random() < 0.12:
        parts += [shape(((dx, 0.0), (dx, 0.12)), dark, 0.11) for dx in (-wide, wide)]
    tilt = _turn(np.radians(rng.normal(0, 8)))
    return [Part(points=p.points @ tilt, ra=p.ra, rb=p.rb, cloth=p.cloth) for p in parts]


def _arm(
    rng: Generator,
    side: int,
    shoulder: float,
    loose: float,
    sleeve: Cloth,
    skin: Cloth,
    folded: bool,
) -> list[Part]:
    """Hand, upper arm, forearm."""
    pose = "folded" if folded else rng.choice(list(POSES), p=[0, 0.4, 0.2, 0.1, 0.12, 0.18])
    out, bend = np.radians(rng.uniform(*POSES[pose]))
    start = np.array((side * (shoulder - 0.08), 1.17))
    near = np.array((side * np.sin(out), np.cos(out)))
    far = np.array((side * np.sin(out + bend), np.cos(out + bend)))
    elbow = start + near * 1.35 * rng.uniform(0.75, 1)
    wrist = elbow + far * 1.15 * rng.uniform(0.7, 1)
    forearm = skin if rng.random() < 0.35 else sleeve
    upper = skin if forearm is skin and rng.random() < 0.25 else sleeve
    return [
        shape((wrist, wrist + far * rng.uniform(0.1, 0.35)), skin, 0.15, 0.13),
        shape((start, elbow), upper, 0.21 * loose, 0.17 * loose),
        shape((elbow, wrist), forearm, 0.16 * (1 if forearm is skin else loose), 0.12),
    ]


def _legs(rng: Generator, hip: float, loose: float, cloth: Cloth, skin: Cloth) -> list[Part]:
    skirt = rng.random() < 0.2
    shoe = plain(rng.uniform(0, 0.9) * rng.uniform(0.6, 1, 3))
    sitting = rng.random() < 0.2
    parts = []
    for side in (-1, 1):
        spread = np.radians(rng.normal(5, 9))
        start = np.array((side * hip * 0.55, 3.35))
        length = 0.7 if sitting else 1.8
        knee = start + length * np.array((side * np.sin(spread), np.cos(spread)))
        swing = np.radians(rng.normal(0, 7))
        foot = knee + 1.75 * np.array((np.sin(swing), np.cos(swing)))
        bare = skirt or rng.random() < 0.1
        shin = skin if bare else cloth
        parts += [
            shape((foot, np.add(foot, (rng.uniform(-0.3, 0.3), 0.12))), shoe, 0.17, 0.15),
            shape((knee, foot), shin, 0.22 * (1 if bare else loose), 0.13 * loose),
            shape((start, knee), cloth, 0.36 * loose, 0.25 * loose),
        ]
    if skirt:
        hem = rng.uniform(0.9, 2.2)
        wide = hip + hem * rng.uniform(0.05, 0.3)
        parts.append(
            shape(((-hip, 3.1), (hip, 3.1), (wide, 3.2 + hem), (-wide, 3.2 + hem)), cloth, 0.08)
        )
    return parts


def _crop(rng: Generator, parts: Sequence[Part]) -> Box:
    """The person's box down to the chest, the hips or the feet, jittered, at 1.3 to 1.95 high to wide."""
    cut = rng.choice([rng.uniform(1.7, 2.6), rng.uniform(2.6, 4.2), 9.0], p=[0.3, 0.4, 0.3])
    reach = [(p.points, max(p.ra, p.rb)) for p in parts if p.points[:, 1].min() < cut]
    left, top = np.min([points.min(0) - r for points, r in reach], 0)
    right, low = np.max([points.max(0) + r for points, r in reach], 0)
    bottom = min(low, cut)
    width, height = right - left, bottom - top
    jitter = rng.uniform(-0.05, 0.22, 4)
    left, right = left - jitter[0] * width, right + jitter[1] * width
    top -= jitter[2] * height
    bottom += jitter[3] * height if cut > 8 else 0
    width, height = right - left, bottom - top
    wanted = np.clip(height / width, 1.3, 1.95)
    more = max(0.0, height / wanted - width) * rng.uniform()
    left -= more
    right = max(right, left + height / wanted)
    missing, share = max(0.0, width * wanted - height), rng.uniform(0.2, 0.8)
    top -= share * missing
    bottom += (1 - share) * missing
    return float(left), float(top), float(right), float(bottom)


def _skin(rng: Generator) -> Cloth:
    tone = rng.random()
    dark, light = np.array((0.28, 0.17, 0.11)), np.array((0.95, 0.78, 0.67))
    return plain(dark + tone * (light - dark))


def _turn(angle: float) -> Vector:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
