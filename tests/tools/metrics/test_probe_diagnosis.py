"""What is found for a variant that is rejected, by what there is to look at."""

import json

import numpy as np
from stepcall import run

from edgebuild.formats import dataset
from edgebuild.formats.hypotheses import Trial
from edgebuild.step import Contract, ProjectFile, Tensor
from edgebuild.steps.probes import diagnosis

CONTRACT = Contract(
    inputs={"image": Tensor(shape=(1, 3, 4, 4), layout="NCHW", color="RGB")},
    outputs={"scores": Tensor(shape=(1, 5))},
)
COLOR = Trial(what="color", name="image", variant="exchanged").key
ACCURACY = {"accuracy": {"module": "edgebuild.steps.metrics.accuracy", "params": {}}}
DECODE = "def labels(outputs):\n    return {'label': outputs['scores'].argmax(-1)}\n"
# The class of each sample, and scores that say so and say another.
TRUTH = np.arange(10) % 5
RIGHT = np.eye(5, dtype=np.float32)[TRUTH][:, None]
WRONG = np.eye(5, dtype=np.float32)[(TRUTH + 1) % 5][:, None]


def found(folder, *, metrics=ACCURACY, truth=True, **ports):
    folder.mkdir()
    inputs = {"evaluation": folder / "evaluation.npz", "decode": folder / "labels.py"}
    groups = {"inputs": {"image": np.zeros((10, 1, 3, 4, 4), np.uint8)}}
    if truth:
        groups["truth"] = {"label": TRUTH[:, None]}
    dataset.save(inputs["evaluation"], groups)
    inputs["decode"].write_text(DECODE)
    for port, groups in ports.items():
        inputs[port] = folder / f"{port}.npz"
        dataset.save(inputs[port], groups)
    params = diagnosis.Params(decode=ProjectFile(path="labels.py"), decode_function="labels")
    outputs = run(
        diagnosis, folder / "run", inputs, params=params, source_contract=CONTRACT, metrics=metrics
    )
    return json.loads(outputs["diagnosis"].read_text())


def test_a_decoding_function_may_return_lists(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "DECODE", DECODE.replace("argmax(-1)", "argmax(-1).tolist()"))
    (cause,) = found(
        tmp_path / "x",
        expected={"outputs": {"scores": WRONG}},
        actual={"outputs": {"scores": WRONG}},
        trials={COLOR: {"scores": RIGHT}},
    )
    assert cause["evidence"].endswith("quality.accuracy of the source rises from 0 to 1")


def test_decoded_answers_are_held_against_the_truth(tmp_path):
    """Of the samples that were tried, which are the first of all."""
    (cause,) = found(
        tmp_path / "x",
        expected={"outputs": {"scores": WRONG}},
        actual={"outputs": {"scores": WRONG}},
        trials={COLOR: {"scores": RIGHT[:6]}},
    )
    assert cause == {
        "cause": "the colours of `image` come in another order than the network expects",
        "evidence": "with red and blue of `image` exchanged quality.accuracy of the source rises from 0 to 1",
        "about": ["parity", "quality", "numeric"],
    }


def test_without_truth_or_metrics_nothing_is_said_of_quality(tmp_path):
    given = {
        "expected": {"outputs": {"scores": WRONG}},
        "actual": {"outputs": {"scores": WRONG}},
        "trials": {COLOR: {"scores": RIGHT}},
    }
    assert found(tmp_path / "x", truth=False, **given) == []
    assert found(tmp_path / "y", metrics={}, **given) == []


def test_an_artifact_that_does_what_a_trial_does(tmp_path):
    (cause,) = found(
        tmp_path / "x",
        expected={"outputs": {"scores": RIGHT}},
        actual={"outputs": {"scores": WRONG.astype(np.float16)}},
        trials={COLOR: {"scores": WRONG}},
    )
    assert cause["cause"] == "the artifact takes the colours of `image` in another order"


def test_nothing_to_look_at_is_an_empty_answer(tmp_path):
    assert found(tmp_path / "x") == []
    assert found(tmp_path / "y", trials={"none": {"none": np.zeros(2)}}) == []
