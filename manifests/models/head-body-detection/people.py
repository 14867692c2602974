"""People of a drawn scene: who they are, and how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from room import Light, muted, vivid
from shapes import Array, Canvas, Mask, Paint, Point

Rng = np.random.Generator
View = Literal["front", "side", "back"]

# RGB of skin and of hair, from light to dark, and grey and red hair.
SKIN = (
    (244, 208, 184),
    (228, 184, 150),
    (200, 150, 112),
    (160, 110, 78),
    (112, 74, 52),
    (74, 48, 36),
)
HAIR = ((30, 24, 22), (58, 40, 30), (96, 66, 42), (150, 110, 66), (200, 170, 120), (150, 150, 150),
        (220, 218, 214), (140, 62, 34))  # fmt: skip
SMALLEST, LARGEST = 8.0, 33.0  # head height, pixels


@dataclass(frozen=True, kw_only=True)
class Person:
    """Lengths are pixels; `x` is the middle of the head, `top` its upper end."""

    x: float
    top: float
    head_height: float
    seated: bool
    view: View
    turn: float  # -1 (looks left) .. 1 (right)
    lean: float  # radian, of the upper body
    shoulders: float  # half their width, in head heights
    torso: float  # its length, in head heights
    skin: Array
    hair: Array
    style: Literal["short", "long", "bald", "bun", "hat", "scarf"]
    top_clothes: Paint
    jacket: bool
    trousers: Paint
    arms: tuple[str, str]
    glasses: bool
    headset: bool
    chair: Array | None


def make_person(rng: Rng, height: int, width: int) -> Person:
    head_height = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))))
    seated = bool(rng.random() < 0.6)
    skin = _between(SKIN, rng)
    lowest = height - (2.2 if seated else 2.0) * head_height
    middle = (0.42 if seated else 0.28) * height - 0.2 * head_height
    top = float(np.clip(rng.normal(middle, 0.11 * height), 1, max(lowest, 2)))
    view: View = "front" if (r := rng.random()) < 0.62 else "side" if r < 0.85 else "back"
    turn = rng.choice([-1, 1]) if view == "side" else rng.uniform(-0.5, 0.5)
    poses = ("down", "down", "bent", "bent", "raised", "crossed", "wide")
    return Person(
        x=float(rng.uniform(0.03, 0.97) * width),
        top=top,
        head_height=head_height,
        seated=seated,
        view=view,
        turn=float(turn),
        lean=float(rng.normal(0, 0.1)),
        shoulders=float(rng.uniform(0.85, 1.25) * (0.72 if view == "side" else 1)),
        torso=float(rng.uniform(2.3, 2.9)),
        skin=skin,
        hair=_between(HAIR, rng),
        style=rng.choice(
            ["short", "long", "bald", "bun", "hat", "scarf"], p=[0.4, 0.26, 0.1, 0.08, 0.08, 0.08]
        ),
        top_clothes=_clothes(rng),
        jacket=bool(rng.random() < 0.3),
        trousers=Paint(color=muted(rng) * np.float32(rng.uniform(0.25, 0.9))),
        arms=(str(rng.choice(poses)), str(rng.choice(poses))),
        glasses=bool(rng.random() < 0.25),
        headset=bool(rng.random() < 0.1),
        chair=muted(rng) * np.float32(0.6) if seated and rng.random() < 0.5 else None,
    )


def draw_person(canvas: Canvas, rng: Rng, person: Person, light: Light) -> tuple[Mask, Mask]:
    """The masks of the head and of the whole person."""
    h = person.head_height
    chin, hip = (person.x, person.top + h), _hip(person)
    neck = (
        person.x + np.sin(person.lean) * 0.3 * h - 0.08 * person.turn * h,
        chin[1] + 0.25 * h,
    )
    body = canvas.start()
    clothes = light.over(person.top_clothes)
    skin = light.on(person.skin)
    if person.style in ("long", "scarf"):
        color = person.hair if person.style == "long" else person.top_clothes.color * 0.8
        canvas.ellipse(
            (person.x, person.top + 0.75 * h), (0.5 * h, 0.78 * h), light.on(color), power=4.0
        )
    _legs(canvas, rng, person, hip, light)
    _torso(canvas, person, neck, hip, clothes, light)
    canvas.capsule(
        (person.x, chin[1] - 0.2 * h), neck, (0.2 * h, 0.24 * h), light.on(person.skin * 0.85)
    )
    for side in (-1, 1):
        _arm(canvas, rng, person, side, neck, hip, clothes, skin)
    head = canvas.start()
    _head(canvas, person, light)
    body |= head
    return head, body


def draw_chair(canvas: Canvas, person: Person, light: Light) -> Mask:
    """The back of the chair behind a person, if there is one; its mask."""
    mask, h = canvas.start(), person.head_height
    if person.chair is not None:
        x, y = _hip(person)
        half = (1.15 * person.shoulders * h, 1.5 * h)
        canvas.ellipse((x, y - 1.1 * h), half, light.on(person.chair), power=4.0)
    return mask


def _hip(person: Person) -> Point:
    h = person.head_height
    x = person.x + np.sin(person.lean) * person.torso * h
    return x, person.top + (1.25 + person.torso) * h


def _torso(
    canvas: Canvas, person: Person, neck: Point, hip: Point, clothes: Paint, light: Light
) -> None:
    h, half = person.head_height, person.shoulders * person.head_height
    high = neck[1] + 0.36 * h
    middle = ((neck[0] + hip[0]) / 2, (neck[1] + hip[1]) / 2)
    canvas.capsule(
        (neck[0] - half + 0.3 * h, high),
        (neck[0] + half - 0.3 * h, high),
        (0.34 * h, 0.34 * h),
        clothes,
    )
    canvas.ellipse(
        (middle[0], middle[1] + 0.1 * h),
        (0.86 * half, 0.5 * (hip[1] - neck[1]) + 0.1 * h),
        clothes,
        tilt=-person.lean,
        power=4.0,
    )
    canvas.capsule(
        (hip[0] - 0.5 * half, hip[1]), (hip[0] + 0.5 * half, hip[1]), (0.4 * h, 0.4 * h), clothes
    )
    if person.jacket and person.view == "front":
        shirt = light.on(np.float32(255) - person.top_clothes.color * np.float32(0.2))
        canvas.capsule(
            (neck[0], neck[1] + 0.05 * h), (neck[0], neck[1] + 1.2 * h), (0.32 * h, 0.05 * h), shirt
        )
        tie = light.on(person.trousers.color[::-1])
        canvas.capsule(
            (neck[0], neck[1] + 0.2 * h), (neck[0], neck[1] + 1.1 * h), (0.05 * h, 0.08 * h), tie
        )


def _legs(canvas: Canvas, rng: Rng, person: Person, hip: Point, light: Light) -> None:
    h = person.head_height
    paint = light.over(person.trousers)
    shoes = light.on(person.trousers.color * np.float32(0.4))
    for side in (-1, 1):
        start = (hip[0] + side * 0.42 * person.shoulders * h, hip[1])
        if person.seated:
            knee = (
                start[0] + (1.3 * person.turn if person.view == "side" else side * 0.25) * h,
                hip[1] + 0.45 * h,
            )
            foot = (knee[0] + rng.uniform(-0.3, 0.3) * h, knee[1] + 1.8 * h)
        else:
            knee = (start[0] + rng.uniform(-0.15, 0.15) * h, hip[1] + 1.7 * h)
            foot = (knee[0] + rng.uniform(-0.15, 0.15) * h, knee[1] + 1.7 * h)
        canvas.capsule(start, knee, (0.42 * h, 0.34 * h), paint)
        canvas.capsule(knee, foot, (0.32 * h, 0.22 * h), paint)
        toe = (foot[0] + (0.4 * person.turn + 0.15 * side) * h, foot[1] + 0.15 * h)
        canvas.capsule(foot, toe, (0.22 * h, 0.18 * h), shoes)


def _arm(
    canvas: Canvas,
    rng: Rng,
    person: Person,
    side: int,
    neck: Point,
    hip: Point,
    clothes: Paint,
    skin: Paint,
) -> None:
    h = person.head_height
    pose = person.arms[(side + 1) // 2]
    shoulder = (neck[0] + side * (person.shoulders - 0.22) * h, neck[1] + 0.42 * h)
    # Angles from straight down, outwards positive: of the upper arm, and of the forearm.
    upper, lower = {
        "down": (rng.uniform(0, 0.25), rng.uniform(-0.25, 0.15)),
        "bent": (rng.uniform(0.1, 0.5), rng.uniform(-1.9, -0.8)),
        "raised": (rng.uniform(0.4, 1.2), rng.uniform(2.3, 3.2)),
        "crossed": (rng.uniform(0.1, 0.4), rng.uniform(-1.8, -1.4)),
        "wide": (rng.uniform(0.6, 1.4), rng.uniform(0.8, 1.9)),
    }[pose]
    elbow = (shoulder[0] + side * np.sin(upper) * 1.3 * h, shoulder[1] + np.cos(upper) * 1.3 * h)
    hand = (elbow[0] + side * np.sin(lower) * 1.15 * h, elbow[1] + np.cos(lower) * 1.15 * h)
    darker = Paint(**{**vars(clothes), "shade": min(clothes.shade + 0.15, 0.8)})
    canvas.capsule(shoulder, elbow, (0.3 * h, 0.24 * h), darker)
    bare = person.jacket is False and rng.random() < 0.35
    canvas.capsule(elbow, hand, (0.22 * h, 0.15 * h), skin if bare else darker)
    canvas.ellipse(hand, (0.19 * h, 0.21 * h), skin)


def _head(canvas: Canvas, person: Person, light: Light) -> None:
    h, x, top = person.head_height, person.x, person.top
    middle = (x, top + 0.52 * h)
    skin, hair = light.on(person.skin), light.on(person.hair)
    half = (0.44 if person.view == "side" else 0.37) * h
    tilt = 0.5 * person.lean
    if person.view == "back" and person.style not in ("bald", "hat", "scarf"):
        canvas.ellipse(middle, (half, 0.48 * h), hair, tilt=tilt)
    else:
        canvas.ellipse(middle, (half, 0.48 * h), skin, tilt=tilt)
        if person.view == "front":
            for side in (-1, 1):
                canvas.ellipse((x + side * 0.38 * h, top + 0.55 * h), (0.06 * h, 0.11 * h), skin)
        elif person.view == "side":
            canvas.ellipse((x + person.turn * 0.45 * h, top + 0.56 * h), (0.08 * h, 0.07 * h), skin)
    if person.view != "back":
        _face(canvas, person, light)
    _hair(canvas, person, light, half)
    if person.headset:
        dark = Paint(color=np.full(3, 25, np.float32))
        canvas.ellipse((x - 0.39 * h, top + 0.55 * h), (0.09 * h, 0.15 * h), dark)
        canvas.ellipse((x + 0.39 * h, top + 0.55 * h), (0.09 * h, 0.15 * h), dark)


def _face(canvas: Canvas, person: Person, light: Light) -> None:
    h, top = person.head_height, person.top
    x = person.x + 0.2 * person.turn * h
    dark = light.on(np.float32(0.25) * person.skin)
    lips = light.on(person.skin * np.array([0.8, 0.5, 0.5], np.float32))
    shadow = light.on(person.skin * np.float32(0.8))
    for side in (-1, 1):
        if person.view == "side" and side == -np.sign(person.turn):
            continue
        eye = (x + side * 0.16 * h, top + 0.5 * h)
        canvas.ellipse(eye, (0.07 * h, 0.035 * h), dark)
        canvas.ellipse((eye[0], eye[1] - 0.09 * h), (0.09 * h, 0.022 * h), light.on(person.hair))
        if person.glasses:
            frame = Paint(color=np.full(3, 30, np.float32))
            canvas.capsule(
                (eye[0] - 0.1 * h, eye[1]), (eye[0] + 0.1 * h, eye[1]), (0.06 * h, 0.06 * h), frame
            )
    canvas.ellipse((x, top + 0.63 * h), (0.045 * h, 0.07 * h), shadow)
    canvas.ellipse((x, top + 0.79 * h), (0.12 * h, 0.035 * h), lips)


def _hair(canvas: Canvas, person: Person, light: Light, half: float) -> None:
    h, x, top = person.head_height, person.x, person.top
    hair = light.on(person.hair)
    if person.style == "bald":
        return
    if person.style == "hat":
        color = light.on(person.trousers.color)
        canvas.ellipse((x, top + 0.32 * h), (1.1 * half, 0.36 * h), color, above=top + 0.32 * h)
        brim = x + 0.3 * person.turn * h
        canvas.capsule((brim - 1.2 * half, top + 0.32 * h), (brim + 1.2 * half, top + 0.32 * h),
                       (0.05 * h, 0.05 * h), color)  # fmt: skip
        return
    if person.style == "scarf":
        color = light.on(person.top_clothes.color * np.float32(0.8))
        canvas.ellipse((x, top + 0.4 * h), (1.2 * half, 0.44 * h), color, above=top + 0.36 * h)
        return
    line = 0.62 if person.view == "back" else 0.36
    back = -0.12 * person.turn * h if person.view == "side" else 0.0
    canvas.ellipse((x + back, top + 0.42 * h), (1.1 * half, 0.46 * h), hair, above=top + line * h)
    if person.view != "back":
        sides = (-np.sign(person.turn),) if person.view == "side" else (-1, 1)
        for side in sides:
            canvas.capsule(
                (x + side * 0.98 * half, top + 0.3 * h),
                (x + side * 0.98 * half, top + (0.9 if person.style == "long" else 0.5) * h),
                (0.1 * h, 0.09 * h),
                hair,
            )
    if person.style == "bun":
        canvas.ellipse((x + 2 * back, top + 0.03 * h), (0.2 * h, 0.17 * h), hair)


def _clothes(rng: Rng) -> Paint:
    color = vivid(rng) if rng.random() < 0.4 else muted(rng) * np.float32(rng.uniform(0.2, 1.0))
    if rng.random() < 0.6:
        return Paint(color=color)
    other = np.clip(color + rng.uniform(-90, 90, 3).astype(np.float32), 0, 255)
    return Paint(
        color=color,
        other=other,
        period=float(rng.uniform(2.5, 8)),
        angle=float(rng.choice([0, np.pi / 2, np.pi / 4])),
        squares=bool(rng.random() < 0.4),
    )


def _between(colors: tuple[tuple[int, int, int], ...], rng: Rng) -> Array:
    """A colour near one of the list."""
    color = np.array(colors[int(rng.integers(len(colors)))], np.float32)
    return np.clip(color * np.float32(rng.uniform(0.9, 1.1)) + rng.normal(0, 5, 3), 5, 250).astype(
        np.float32
    )
