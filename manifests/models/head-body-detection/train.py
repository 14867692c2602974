"""Trains the detector on drawn meeting rooms: same seed, same machine type, same bytes.

The loss is that of Zhou et al. 2019, "Objects as Points" (arXiv 1904.07850): focal loss on the
heatmap, L1 on sizes and offsets, here also on the cells next to a centre.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from boxes import CLASSES, STRIDE, average_precision, decode
from data import HEIGHT, TRAINING, VALIDATION, WIDTH, scene
from network import HeadBodyDetection
from torch import Tensor
from torch.nn.functional import l1_loss

from edgebuild.nn import training

THREADS = 2
SCENES, VALIDATION_SCENES = 6000, 256
EPOCHS, BATCH = 6, 16
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 1e-4
WARM_UP = 0.1  # share of the steps
SHIFT = 12  # pixels, at most, that a picture is moved each time it is seen
SPREAD = 0.1  # standard deviation of a centre's mark, in sides of its box
NEAR = 0.5  # cells whose mark is stronger learn the box


def train(
    outputs: Mapping[str, Path],
    seed: int,
    log: Callable[[str], None],
    *,
    scenes: int = SCENES,
    epochs: int = EPOCHS,
    validation_scenes: int = VALIDATION_SCENES,
) -> None:
    """Write `outputs["weights"]` (safetensors) and `outputs["record"]` (JSON)."""
    started = time.time()
    training.prepare(seed, THREADS)
    images, boxes = _scenes(TRAINING, seed, scenes)
    log(f"{scenes} scenes drawn, {time.time() - started:.0f} s")
    # A quarter faster on a CPU than the usual order of values in memory.
    network = HeadBodyDetection().to(memory_format=torch.channels_last)
    losses = _fit(network, images, boxes, epochs, np.random.default_rng(seed), log)
    scores = _validate(network.eval(), seed, validation_scenes)
    log(f"validation: {scores}")
    record = {
        "seed": seed,
        "samples": scenes,
        "epochs": epochs,
        "batch": BATCH,
        "optimizer": {"name": "AdamW", "learning_rate": LEARNING_RATE, "decay": WEIGHT_DECAY},
        "loss": losses,
        "validation": {"samples": validation_scenes, "map50": scores},
    }
    training.write(outputs, network, record, threads=THREADS, started=started)


def _fit(
    network: HeadBodyDetection,
    images: Tensor,
    boxes: Tensor,
    epochs: int,
    rng: np.random.Generator,
    log: Callable[[str], None],
) -> list[dict[str, float]]:
    """Mean losses of each epoch."""
    groups = training.groups(network, WEIGHT_DECAY)
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, weight_decay=0.0)
    steps = epochs * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: training.rate(step / steps, WARM_UP)
    )
    network.train()
    losses = []
    for epoch in range(epochs):
        started = time.time()
        totals: dict[str, float] = {"heatmap": 0.0, "size": 0.0, "offset": 0.0}
        batches = rng.permutation(len(images))[: len(images) // BATCH * BATCH].reshape(-1, BATCH)
        for chosen in batches:
            picture, real = _augmented(images[chosen], boxes[chosen], rng)
            answers = network(picture.contiguous(memory_format=torch.channels_last))
            parts = _losses(answers, real)
            optimizer.zero_grad()
            sum(parts.values(), torch.zeros(())).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
            optimizer.step()
            schedule.step()
            for name, part in parts.items():
                totals[name] += part.item() / len(batches)
        losses.append({name: round(total, 5) for name, total in totals.items()})
        log(f"epoch {epoch + 1} of {epochs}: {losses[-1]}, {time.time() - started:.0f} s")
    return losses


def _scenes(stream: int, seed: int, count: int) -> tuple[Tensor, Tensor]:
    """`[count, 3, H, W]` whole values 0..255 and boxes `[count, 10, 5]`."""
    made = [scene(stream, seed, index) for index in range(count)]
    return (
        torch.from_numpy(np.stack([image for image, _ in made])),
        torch.from_numpy(np.stack([boxes for _, boxes in made])),
    )


def _augmented(images: Tensor, boxes: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """As the network is fed, 0..1: mirrored or not, moved, brighter or darker, other colours."""
    count = len(images)
    pictures, boxes = images.float() / 255, boxes.clone()
    for n in range(count):
        if rng.random() < 0.5:
            pictures[n] = pictures[n].flip(-1)
            boxes[n][:, [1, 3]] = WIDTH - boxes[n][:, [3, 1]]
        dx, dy = (int(v) for v in rng.integers(-SHIFT, SHIFT + 1, 2))
        pictures[n] = _moved(pictures[n], dx, dy)
        boxes[n][:, 1:] += torch.tensor([dx, dy, dx, dy], dtype=boxes.dtype)
    shape = (count, 3, 1, 1)
    gain = torch.from_numpy(rng.uniform(0.8, 1.25, (count, 1, 1, 1)) * rng.uniform(0.9, 1.1, shape))
    pictures = (pictures * gain.float() + float(rng.uniform(-0.04, 0.04))).clamp(0, 1)
    visible = boxes[..., 1:].clone()
    visible[..., [0, 2]] = visible[..., [0, 2]].clamp(0, WIDTH)
    visible[..., [1, 3]] = visible[..., [1, 3]].clamp(0, HEIGHT)
    # What the move put out of the picture is no longer there to be found.
    left = (visible[..., 2:] - visible[..., :2]).prod(-1)
    whole = (boxes[..., 3:] - boxes[..., 1:3]).prod(-1)
    label = torch.where((boxes[..., 0] >= 0) & (left > 0.5 * whole), boxes[..., 0], -1.0)
    return pictures, torch.cat([label[..., None], visible], dim=-1)


def _moved(picture: Tensor, dx: int, dy: int) -> Tensor:
    """Moved by whole pixels; the edge is repeated."""
    rows = (torch.arange(HEIGHT) - dy).clamp(0, HEIGHT - 1)
    columns = (torch.arange(WIDTH) - dx).clamp(0, WIDTH - 1)
    return picture[:, rows][:, :, columns]


def _losses(answers: Mapping[str, Tensor], boxes: Tensor) -> dict[str, Tensor]:
    """Of one batch, each a mean over its boxes."""
    marks, size, offset, weight = _targets(boxes)
    probability = answers["heatmap"].clamp(1e-4, 1 - 1e-4)
    centers = (marks > 0.999).float()
    count = centers.sum().clamp(min=1)
    found = -centers * (1 - probability) ** 2 * probability.log()
    absent = -(1 - centers) * (1 - marks) ** 4 * probability**2 * (1 - probability).log()
    total = weight.sum().clamp(min=1)
    return {
        "heatmap": (found + absent).sum() / count,
        "size": (l1_loss(answers["size"], size, reduction="none") * weight).sum() / total,
        "offset": 0.5
        * (l1_loss(answers["offset"], offset, reduction="none") * weight).sum()
        / total,
    }


def _targets(boxes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Marks `[N, 2, h, w]` (1 in a centre's cell), and size, offset and weights `[N, 4, h, w]`."""
    height, width = HEIGHT // STRIDE, WIDTH // STRIDE
    sides = ((boxes[..., 3:] - boxes[..., 1:3]) / STRIDE).clamp(min=0.1)
    middle = (boxes[..., 3:] + boxes[..., 1:3]) / 2 / STRIDE
    x = torch.arange(width) + 0.5 - middle[..., 0, None]  # [N, M, w], cells from the centre
    y = torch.arange(height) + 0.5 - middle[..., 1, None]
    cell = middle.floor().clamp(min=0)
    from_cell = (
        torch.arange(width) - cell[..., 0, None].clamp(max=width - 1),
        torch.arange(height) - cell[..., 1, None].clamp(max=height - 1),
    )
    spread = (SPREAD * sides).clamp(min=0.5)[..., None]
    mark = torch.exp(-0.5 * (from_cell[0] / spread[..., 0, :]) ** 2)[..., None, :]
    mark = mark * torch.exp(-0.5 * (from_cell[1] / spread[..., 1, :]) ** 2)[..., None]
    parts: list[list[Tensor]] = [[], [], [], []]
    for label in range(CLASSES):
        mine = mark * (boxes[..., 0] == label)[..., None, None]
        strongest, owner = mine.max(dim=1, keepdim=True)
        per_box = (
            sides[..., 0, None, None].mul(STRIDE).log2().expand_as(mine),
            sides[..., 1, None, None].mul(STRIDE).log2().expand_as(mine),
            -x[..., None, :].expand_as(mine),
            -y[..., None].expand_as(mine),
        )
        wide, tall, right, down = (value.gather(1, owner) for value in per_box)
        near = strongest * (strongest > NEAR)
        parts[0].append(strongest)
        parts[1] += [wide, tall]
        parts[2] += [right, down]
        parts[3] += [near, near]
    marks, size, offset, weight = (torch.cat(part, dim=1) for part in parts)
    return marks, size, offset, weight


def _validate(network: HeadBodyDetection, seed: int, count: int) -> dict[str, float]:
    """Average precision of each class, on pictures that no training has seen."""
    images, boxes = _scenes(VALIDATION, seed, count)
    answers: dict[str, list[Any]] = {"heatmap": [], "size": [], "offset": []}
    with torch.no_grad():
        for picture in images.split(BATCH):
            for name, answer in network(picture.float() / 255).items():
                answers[name].append(answer.numpy()[:, None])
    found = decode({name: np.concatenate(parts) for name, parts in answers.items()})["boxes"]
    scores = [average_precision(found, boxes.numpy(), label) for label in range(CLASSES)]
    return {
        "head": round(scores[0], 4),
        "body": round(scores[1], 4),
        "mean": round(sum(scores) / 2, 4),
    }
