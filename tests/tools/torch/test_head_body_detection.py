"""The project's detector of heads and bodies: its pictures, its training, its weights, its boxes."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

FOLDER = Path(__file__).parents[3] / "manifests/models/head-body-detection"
NAMES = ("network", "data", "people", "room", "shapes", "boxes", "train")


@pytest.fixture(scope="module")
def model() -> Iterator[SimpleNamespace]:
    """The model's own files; other models have files of the same names."""
    hidden: dict[str, ModuleType] = {n: sys.modules.pop(n) for n in NAMES if n in sys.modules}
    sys.path.insert(0, str(FOLDER))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in NAMES})
    finally:
        sys.path.remove(str(FOLDER))
        for name in NAMES:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)


def test_the_record_is_that_of_the_weights() -> None:
    data = (FOLDER / "weights.safetensors").read_bytes()
    record = json.loads((FOLDER / "training.json").read_text())
    assert record["sha256"] == hashlib.sha256(data).hexdigest()
    assert len(data) < 2_000_000


def test_it_finds_most_of_what_it_never_saw(model: SimpleNamespace) -> None:
    network = model.network.HeadBodyDetection()
    network.load_state_dict(load_file(FOLDER / "weights.safetensors"))
    made = model.data.evaluation(samples=24, seed=5, files={})
    pictures = torch.from_numpy(made["inputs"]["image"][:, 0])
    with torch.no_grad():
        answers = network.eval()(pictures / 255)
    found = model.boxes.decode({name: a.numpy()[:, None] for name, a in answers.items()})["boxes"]
    for label in (0, 1):
        assert model.boxes.average_precision(found, made["truth"]["boxes"], label) > 0.8


def test_the_same_seed_gives_the_same_weights(model: SimpleNamespace, tmp_path: Path) -> None:
    torch_threads = torch.get_num_threads()
    written = []
    try:
        for run in ("first", "second"):
            outputs = {port: tmp_path / f"{run}.{port}" for port in ("weights", "record")}
            model.train.train(
                outputs, 3, lambda line: None, scenes=16, epochs=1, validation_scenes=2
            )
            record = json.loads(outputs["record"].read_text())
            del record["informative"]
            written.append((outputs["weights"].read_bytes(), record))
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(torch_threads)
    assert written[0] == written[1]


def test_a_picture_depends_on_its_number_alone(model: SimpleNamespace) -> None:
    few = model.data.calibration(samples=2, seed=7, files={})
    more = model.data.calibration(samples=4, seed=7, files={})
    for group, name in (("inputs", "image"), ("truth", "boxes")):
        assert np.array_equal(few[group][name], more[group][name][:2])
        other = model.data.evaluation(samples=2, seed=7, files={})
        assert not np.array_equal(few[group][name], other[group][name])


def test_boxes_are_in_the_picture_and_heads_in_their_bodies(model: SimpleNamespace) -> None:
    made = model.data.evaluation(samples=24, seed=3, files={})
    assert made["inputs"]["image"].shape == (24, 1, 3, 144, 256)
    assert made["inputs"]["image"].dtype == np.float32
    seen = set()
    for rows in made["truth"]["boxes"]:
        assert rows.shape == (10, 5)
        rows = rows[rows[:, 0] >= 0]
        seen.add(int((rows[:, 0] == 1).sum()))
        assert (rows[:, 1:3] >= 0).all() and (rows[:, 3:] <= (256, 144)).all()
        assert (rows[:, 3:] > rows[:, 1:3]).all()
        for head, body in pairwise(rows):
            if (head[0], body[0]) == (0, 1) and head[2] == body[2]:
                assert body[1] <= head[1] and head[3] <= body[3] and head[4] <= body[4]
    assert len(seen) >= 4


def test_decode_gives_back_the_boxes_that_maps_were_made_of(model: SimpleNamespace) -> None:
    truth = torch.full((1, 10, 5), -1.0)
    truth[0, 0] = torch.tensor([0, 30, 20, 42, 36])
    truth[0, 1] = torch.tensor([1, 10, 20, 90, 140])
    truth[0, 2] = torch.tensor([0, 200, 50, 209, 61])
    marks, size, offset, _ = model.train._targets(truth)
    maps = {"heatmap": marks, "size": size, "offset": offset}
    found = model.boxes.decode({name: a.numpy()[:, None] for name, a in maps.items()})["boxes"]
    rows = found[0][found[0, :, 0] >= 0]
    assert found.shape == (1, 48, 6)
    assert rows[:, 1] == pytest.approx([1, 1, 1])
    wanted = truth[0, [0, 2, 1]].numpy()
    np.testing.assert_allclose(rows[:, [0, 2, 3, 4, 5]], wanted, atol=1e-3)


def test_decode_keeps_one_of_several_equal_neighbours(model: SimpleNamespace) -> None:
    maps = {
        "heatmap": np.zeros((1, 1, 2, 36, 64), np.float32),
        "size": np.full((1, 1, 4, 36, 64), 5, np.float32),
        "offset": np.zeros((1, 1, 4, 36, 64), np.float32),
    }
    maps["heatmap"][0, 0, 1, 10:12, 20:22] = 0.75
    maps["heatmap"][0, 0, 1, 30, 40] = 0.5
    rows = model.boxes.decode(maps)["boxes"][0]
    rows = rows[rows[:, 0] >= 0]
    assert rows[:, :2].tolist() == [[1, 0.75], [1, 0.5]]
    assert rows[0, 2:].tolist() == [66, 26, 98, 58]


def test_average_precision_is_that_of_the_book(model: SimpleNamespace) -> None:
    truth = np.array([[[0, 0, 0, 10, 10], [0, 50, 50, 60, 60], [-1, -1, -1, -1, -1]]], np.float32)
    found = np.array(
        [[[0, 0.9, 0, 0, 10, 10], [0, 0.8, 80, 80, 90, 90], [0, 0.7, 50, 50, 60, 60]]], np.float32
    )
    assert model.boxes.average_precision(found, truth, 0) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert np.isnan(model.boxes.average_precision(found, truth, 1))
