"""What trainings share: the rate, what decays, and the record of weights that can be made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from edgebuild.nn import training


@pytest.fixture
def threads() -> Iterator[int]:
    """As many as there are; torch is as it was afterwards."""
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)
    torch.use_deterministic_algorithms(False)


def test_the_rate_rises_to_one_and_falls_to_nothing() -> None:
    assert [training.rate(p, 0.1) for p in (0, 0.05, 0.1, 0.55)] == pytest.approx([0, 0.5, 1, 0.5])
    assert training.rate(1, 0.1) == pytest.approx(0)
    assert training.rate(0, 0) == 1


def test_weights_decay_and_biases_and_normalisations_do_not() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    decayed, others = training.groups(network, 0.1)
    assert decayed["weight_decay"] == 0.1 and "weight_decay" not in others
    assert [p.ndim for p in decayed["params"]] == [4]
    assert [p.ndim for p in others["params"]] == [1, 1, 1]


def test_the_same_seed_gives_the_same_weights_and_a_record_of_them(
    tmp_path: Path, threads: int
) -> None:
    written = []
    for name in ("a", "b"):
        training.prepare(5, threads)
        network = nn.Linear(3, 2)
        outputs = {port: tmp_path / f"{name}.{port}" for port in ("weights", "record")}
        training.write(outputs, network, {"seed": 5}, threads=threads, started=0.0)
        written.append(outputs["weights"].read_bytes())
    assert written[0] == written[1]
    assert torch.equal(load_file(tmp_path / "b.weights")["weight"], network.weight)
    record = json.loads((tmp_path / "b.record").read_text())
    assert record["sha256"] == hashlib.sha256(written[1]).hexdigest()
    assert (record["seed"], record["parameters"], record["threads"]) == (5, 8, threads)
    assert record["informative"]["day"] == "1970-01-01"
