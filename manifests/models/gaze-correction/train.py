"""Trains gaze correction on rendered eyes: same seed, same machine type, same bytes.

The loss is the mean of absolute and (weighted) squared error against the eyes as they would look
into the camera. A sample is seen as drawn or mirrored, which also swaps the eyes, and
with its light changed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from data import TRAINING, VALIDATION, draw
from network import GazeCorrection, initialise
from torch import Tensor

from edgebuild.nn import training

THREADS = 2
SAMPLES, VALIDATION_SAMPLES = 10240, 512
EPOCHS, BATCH = 12, 32
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 1e-4
WARM_UP = 0.1  # share of the steps
SQUARES = 20.0  # weight of squared errors beside absolute ones


def train(
    outputs: Mapping[str, Path],
    seed: int,
    log: Callable[[str], None],
    *,
    samples: int = SAMPLES,
    epochs: int = EPOCHS,
    validation_samples: int = VALIDATION_SAMPLES,
) -> None:
    """Write `outputs["weights"]` (safetensors) and `outputs["record"]` (JSON)."""
    started = time.time()
    training.prepare(seed, THREADS)
    drawn = _tensors(samples, TRAINING, seed)
    validation = _tensors(validation_samples, VALIDATION, seed)
    log(f"{samples} samples drawn, {time.time() - started:.0f} s")
    network = GazeCorrection()
    initialise(network)
    # A third faster on a CPU than the usual order of values in memory.
    network.to(memory_format=torch.channels_last)
    losses = _fit(network, drawn, epochs, log)
    scores = _validate(network, validation)
    log(f"validation: {scores}")
    record = {
        "seed": seed,
        "samples": samples,
        "epochs": epochs,
        "batch": BATCH,
        "optimizer": {"name": "AdamW", "learning_rate": LEARNING_RATE, "decay": WEIGHT_DECAY},
        "loss": losses,
        "validation": {"samples": validation_samples, "psnr_db": scores},
    }
    training.write(outputs, network, record, threads=THREADS, started=started)


def _fit(
    network: GazeCorrection,
    samples: tuple[Tensor, Tensor, Tensor],
    epochs: int,
    log: Callable[[str], None],
) -> list[float]:
    """Mean loss of each epoch."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    batches = len(samples[0]) // BATCH
    steps = epochs * batches
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: training.rate(step / steps, WARM_UP)
    )
    network.train()
    losses = []
    for epoch in range(epochs):
        started, total = time.time(), 0.0
        order = torch.randperm(len(samples[0]))[: batches * BATCH]
        for chosen in order.split(BATCH):
            eyes, angle, wanted = _varied(*(part[chosen] for part in samples))
            error = network.forward_by_gathering(eyes, angle) - wanted
            loss = error.abs().mean() + SQUARES * error.square().mean()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() / batches
        losses.append(round(total, 6))
        log(f"epoch {epoch + 1} of {epochs}: loss {losses[-1]}, {time.time() - started:.0f} s")
    return losses


def _tensors(samples: int, stream: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Eyes in 0..1, angle, wanted eyes in 0..1."""
    eyes, angle, corrected = (torch.from_numpy(part) for part in draw(samples, stream, seed))
    return eyes / 255, angle, corrected


def _varied(eyes: Tensor, angle: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A batch as the network is fed: mirrored or not, brighter or darker."""
    if torch.rand(()) < 0.5:
        eyes, wanted = eyes.flip(1, 3), wanted.flip(1, 3)
        angle = angle * torch.tensor([-1.0, 1.0])
    gain = torch.empty(len(eyes), 1, 1, 1).uniform_(0.8, 1.2)
    eyes, wanted = (eyes * gain).clamp(0, 1), (wanted * gain).clamp(0, 1)
    return (2 * eyes - 1).contiguous(memory_format=torch.channels_last), angle, wanted


def _validate(network: GazeCorrection, samples: tuple[Tensor, Tensor, Tensor]) -> dict[str, float]:
    """PSNR over all pixels of samples that no training has seen, in the deployed form."""
    network.eval()
    eyes, angle, wanted = samples
    with torch.no_grad():
        parts = [
            network(2 * e - 1, a)
            for e, a in zip(eyes.split(BATCH), angle.split(BATCH), strict=True)
        ]
    return {"unchanged": _psnr(eyes, wanted), "corrected": _psnr(torch.cat(parts), wanted)}


def _psnr(found: Tensor, wanted: Tensor) -> float:
    return round(-10 * math.log10((found - wanted).square().mean().item()), 3)
