"""What a training does around its own epochs: the same seed gives the same bytes, and the record says how."""

from __future__ import annotations

import hashlib
import json
import math
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn


def prepare(seed: int, threads: int) -> None:
    """torch on so many CPU threads, with algorithms that give the same bits at every run."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)


def rate(progress: float, warm_up: float) -> float:
    """Share of the learning rate when `progress` (0..1) of the steps are done: up linearly during
    `warm_up` of them, then half a cosine down to nothing.

    Loshchilov and Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts" (arXiv
    1608.03983), without the restarts.
    """
    if progress < warm_up:
        return progress / warm_up
    return 0.5 + 0.5 * math.cos(math.pi * (progress - warm_up) / (1 - warm_up))


def groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """A network's parameters for an optimizer: weights decay; biases and normalisations, of one dimension,
    do not."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": others}]


def write(
    outputs: Mapping[str, Path],
    network: nn.Module,
    record: Mapping[str, Any],
    *,
    threads: int,
    started: float,
) -> None:
    """Write `outputs["weights"]` (safetensors) and `outputs["record"]` (JSON): `record`, and what the bytes
    depend on besides. `started` is `time.time()` of then; what it gives stands under `informative`."""
    import numpy as np
    from safetensors.torch import save

    data = save({name: value.contiguous() for name, value in network.state_dict().items()})
    outputs["weights"].write_bytes(data)
    whole = {
        **record,
        "parameters": sum(p.numel() for p in network.parameters()),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "threads": threads,
        "isa": torch.backends.cpu.get_cpu_capability(),
        "deterministic": "equal bytes with equal torch, numpy, isa and threads",
        "sha256": hashlib.sha256(data).hexdigest(),
        "informative": {
            "seconds": round(time.time() - started),
            "cpu_seconds": round(time.process_time()),
            "machine": platform.machine(),
            "day": time.strftime("%Y-%m-%d", time.gmtime(started)),
        },
    }
    outputs["record"].write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n")
