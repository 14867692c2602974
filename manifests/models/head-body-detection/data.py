"""Drawn meeting rooms with no one to five people in them, and where their heads and bodies are.

No photograph is used: picture `i` of a stream is a function of (stream, seed, i) alone. Varied are
the room (wall, floor, windows, screens, shelves, plants, lamps, empty chairs, a table with laptops,
hanging coats), the people (size 1:4, seated or standing, seen from the front, the side or
behind, skin, hair, hats, glasses, clothes, arms, crossing each other and the table and the frame) and
the camera (light, colour cast, gamma, vignetting, blur, noise).

    image  [N, 1, 3, 144, 256]  RGB, whole values 0..255
    boxes  [N, 10, 5]           (class, x1, y1, x2, y2), pixels; class 0 head, 1 body, -1 empty row

A box encloses what of a silhouette is in the frame and not behind furniture; where other people
hide more than half of that, no box is given. A body's box includes the head.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from people import Person, draw_chair, draw_person, make_person
from room import Light, develop, draw_room, draw_table
from shapes import Array, Canvas, Mask

HEIGHT, WIDTH = 144, 256
PEOPLE = 5  # at most
# Calibration, evaluation, training and validation draw from different streams, whatever their seeds.
CALIBRATION, EVALUATION, TRAINING, VALIDATION = 1, 2, 3, 4
HEAD, BODY = 0, 1
LEAST_VISIBLE = 0.5  # share of a silhouette, else it gets no box
LEAST_PIXELS = 20


def calibration(
    samples: int, seed: int, files: Mapping[str, Path]
) -> dict[str, dict[str, NDArray[np.generic]]]:
    return _dataset(samples, CALIBRATION, seed)


def evaluation(
    samples: int, seed: int, files: Mapping[str, Path]
) -> dict[str, dict[str, NDArray[np.generic]]]:
    return _dataset(samples, EVALUATION, seed)


def scene(stream: int, seed: int, index: int) -> tuple[NDArray[np.uint8], Array]:
    """One picture `[3, 144, 256]` and its boxes `[10, 5]`."""
    rng = np.random.default_rng((stream, seed, index))
    canvas = Canvas(HEIGHT, WIDTH)
    light = Light.draw(rng)
    draw_room(canvas, rng, light)
    people = _people(rng)
    table = int(rng.integers(0, len(people) + 1)) if people and rng.random() < 0.6 else None
    outlines: list[tuple[Mask, Mask]] = []
    owner = np.full((HEIGHT, WIDTH), -1)
    for i, person in enumerate(people):
        if i == table:
            _cover(outlines, owner, draw_table(canvas, rng, light, people[:i]))
        _cover(outlines, owner, draw_chair(canvas, person, light))
        head, body = draw_person(canvas, rng, person, light)
        outlines.append((head, body))
        owner[body] = i
    if table == len(people):
        _cover(outlines, owner, draw_table(canvas, rng, light, people))
    boxes = np.full((2 * PEOPLE, 5), -1, np.float32)
    rows = [
        (label, *_enclosing(outline))
        for i, pair in enumerate(outlines)
        for label, outline in zip((HEAD, BODY), pair, strict=True)
        if (outline & (owner == i)).sum() > max(LEAST_VISIBLE * outline.sum(), LEAST_PIXELS)
    ]
    if rows:
        boxes[: len(rows)] = rows
    return develop(canvas, rng), boxes


def _people(rng: np.random.Generator) -> list[Person]:
    """From the farthest to the nearest, heads not on top of each other."""
    people: list[Person] = []
    count = int(rng.choice(PEOPLE + 1, p=(0.06, 0.2, 0.24, 0.22, 0.16, 0.12)))
    for _ in range(8 * count):
        if len(people) == count:
            break
        person = make_person(rng, HEIGHT, WIDTH)
        reach = 0.8 * np.array([p.head_height + person.head_height for p in people])
        apart = [abs(p.x - person.x) + 0.5 * abs(p.top - person.top) for p in people]
        if (np.array(apart) > 0.6 * reach).all():
            people.append(person)
    return sorted(people, key=lambda p: p.head_height)


def _cover(outlines: list[tuple[Mask, Mask]], owner: NDArray[np.int_], furniture: Mask) -> None:
    """Furniture in front of people takes its pixels from their outlines."""
    owner[furniture] = -1
    for pair in outlines:
        for outline in pair:
            outline &= ~furniture


def _enclosing(outline: Mask) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(outline.any(axis=1)), np.flatnonzero(outline.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _dataset(samples: int, stream: int, seed: int) -> dict[str, dict[str, NDArray[np.generic]]]:
    scenes = [scene(stream, seed, index) for index in range(samples)]
    images = np.stack([image for image, _ in scenes]).astype(np.float32)
    return {
        "inputs": {"image": images[:, None]},
        "truth": {"boxes": np.stack([boxes for _, boxes in scenes])},
    }
