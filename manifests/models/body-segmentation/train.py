"""Trains body segmentation on drawn persons: same seed, same machine type, same bytes.

The loss is binary cross-entropy plus half of the Dice loss of Milletari et al. 2016 ("V-Net", arXiv
1606.04797). A picture is seen as drawn or mirrored, with other light and other colours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from data import TRAINING, VALIDATION, draw
from network import BodySegmentation
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from edgebuild.nn import training

THREADS = 2
PICTURES, VALIDATION_PICTURES = 5120, 256
EPOCHS, BATCH = 7, 16
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 1e-4
WARM_UP = 0.1  # share of the steps
DICE = 0.5  # weight beside cross-entropy


def train(
    outputs: Mapping[str, Path],
    seed: int,
    log: Callable[[str], None],
    *,
    pictures: int = PICTURES,
    epochs: int = EPOCHS,
    validation_pictures: int = VALIDATION_PICTURES,
) -> None:
    """Write `outputs["weights"]` (safetensors) and `outputs["record"]` (JSON)."""
    started = time.time()
    training.prepare(seed, THREADS)
    images, masks = (torch.from_numpy(part) for part in draw(pictures, TRAINING, seed))
    log(f"{pictures} pictures drawn, {time.time() - started:.0f} s")
    # A quarter faster on a CPU than the usual order of values in memory.
    network = BodySegmentation().to(memory_format=torch.channels_last)
    losses = _fit(network, images, masks, epochs, log)
    scores = _validate(network, validation_pictures, seed)
    log(f"validation: {scores}")
    record = {
        "seed": seed,
        "pictures": pictures,
        "epochs": epochs,
        "batch": BATCH,
        "optimizer": {"name": "AdamW", "learning_rate": LEARNING_RATE, "decay": WEIGHT_DECAY},
        "loss": losses,
        "validation": {"pictures": validation_pictures, "iou": scores},
    }
    training.write(outputs, network, record, threads=THREADS, started=started)


def _fit(
    network: BodySegmentation,
    images: Tensor,
    masks: Tensor,
    epochs: int,
    log: Callable[[str], None],
) -> list[float]:
    """Mean loss of each epoch."""
    groups = training.groups(network, WEIGHT_DECAY)
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, weight_decay=0.0)
    batches = len(images) // BATCH
    steps = epochs * batches
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: training.rate(step / steps, WARM_UP)
    )
    network.train()
    losses = []
    for epoch in range(epochs):
        started, total = time.time(), 0.0
        order = torch.randperm(len(images))[: batches * BATCH]
        for chosen in order.split(BATCH):
            fed, wanted = _varied(images[chosen], masks[chosen])
            loss = _loss(network.logits(fed), wanted)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            total += loss.item() / batches
        losses.append(round(total, 6))
        log(f"epoch {epoch + 1} of {epochs}: loss {losses[-1]}, {time.time() - started:.0f} s")
    return losses


def _varied(images: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """A batch as the network is fed: mirrored or not, with other light, colours or none."""
    fed, wanted = images.float() / 255, masks.float()
    if torch.rand(()) < 0.5:
        fed, wanted = fed.flip(3), wanted.flip(3)
    gain = torch.empty(len(fed), 1, 1, 1).uniform_(0.75, 1.3)
    tint = torch.empty(len(fed), 3, 1, 1).uniform_(0.85, 1.15)
    grey = fed.mean(1, keepdim=True)
    saturation = torch.empty(len(fed), 1, 1, 1).uniform_(0, 1.4)
    fed = ((grey + saturation * (fed - grey)) * gain * tint).clamp(0, 1)
    return (2 * fed - 1).contiguous(memory_format=torch.channels_last), wanted


def _loss(logits: Tensor, wanted: Tensor) -> Tensor:
    found = logits.sigmoid()
    inside = (found * wanted).sum((1, 2, 3))
    dice = 1 - (2 * inside + 1) / (found.sum((1, 2, 3)) + wanted.sum((1, 2, 3)) + 1)
    return binary_cross_entropy_with_logits(logits, wanted) + DICE * dice.mean()


def _validate(network: BodySegmentation, pictures: int, seed: int) -> dict[str, float]:
    """Intersection over union, over all pixels of pictures that no training has seen."""
    network.eval()
    images, masks = (torch.from_numpy(part) for part in draw(pictures, VALIDATION, seed))
    with torch.no_grad():
        found = torch.cat([network(part / 127.5 - 1) >= 0.5 for part in images.split(BATCH)])
    body = masks > 0
    scores = [
        ((found == label) & (body == label)).sum() / ((found == label) | (body == label)).sum()
        for label in (True, False)
    ]
    return {
        "body": round(scores[0].item(), 4),
        "background": round(scores[1].item(), 4),
        "mean": round((scores[0].item() + scores[1].item()) / 2, 4),
    }
