import numpy as np
import pytest
import stepcall

from edgebuild.formats import dataset, measurements
from edgebuild.step import ProjectFile
from edgebuild.steps.checks import quality
from edgebuild.steps.metrics._arrays import MetricError
from edgebuild.steps.user_code import UserCodeError


def check(folder, truth, expected, actual, metrics, decode=None):
    groups = {"inputs": {"x": np.zeros((2, 1))}, **({"truth": truth} if truth else {})}
    dataset.save(folder / "v.npz", groups)
    dataset.save(folder / "e.npz", {"outputs": expected})
    dataset.save(folder / "a.npz", {"outputs": actual})
    inputs = {n: folder / f"{n[0]}.npz" for n in ("expected", "actual")}
    inputs["evaluation"] = folder / "v.npz"
    params = quality.Params(metrics=metrics)
    if decode:
        inputs["decode"] = folder / "d.py"
        inputs["decode"].write_text(decode)
        params = quality.Params(
            metrics=metrics, decode=ProjectFile(path="d.py"), decode_function="decode"
        )
    made = stepcall.run(quality, folder / "step", inputs, params=params, evidence="host")
    rows, _ = measurements.load(made["measurements"])
    return {row.metric: row for row in rows}


def test_the_artifact_beside_the_source(tmp_path):
    truth = {"y": np.array([1, 0])}
    rows = check(
        tmp_path,
        truth,
        {"y": np.array([0.9, 0.1])},
        {"y": np.array([0.9, 0.8])},
        ("accuracy", "mae"),
    )
    assert rows["quality.accuracy"].value == 0.5
    assert rows["quality.accuracy"].baseline == 1.0
    assert rows["quality.mae"].value == pytest.approx(0.45)
    assert set(rows) == {"quality.accuracy", "quality.mae"}


def test_answers_are_decoded(tmp_path):
    decode = "def decode(outputs):\n    return {'y': outputs['logit'][:, 0] > 0}\n"
    rows = check(
        tmp_path,
        {"y": np.array([1, 0])},
        {"logit": np.array([[3.0], [-3.0]])},
        {"logit": np.array([[3.0], [1.0]])},
        ("recall", "precision"),
        decode,
    )
    assert (rows["quality.precision"].value, rows["quality.precision"].baseline) == (0.5, 1.0)
    assert rows["quality.recall"].value == 1.0


def test_without_truth_nothing_is_measured(tmp_path):
    answers = {"y": np.zeros(2)}
    rows = check(tmp_path, {}, answers, answers, ("mae",))
    assert rows["quality.mae"].value is None
    assert rows["quality.mae"].detail == "the evaluation data has no truth"


def test_what_cannot_be_measured_says_so(tmp_path):
    truth = {"y": np.array([0, 0])}
    answers = {"y": np.array([0.0, 0.0])}
    rows = check(tmp_path, truth, answers, answers, ("recall",))
    assert rows["quality.recall"].value is None
    assert rows["quality.recall"].baseline is None
    assert rows["quality.recall"].detail == "nothing in the data that it could measure"


def test_mistakes_of_the_manifest_are_errors(tmp_path):
    answers = {"y": np.zeros(2)}
    for name in "abc":
        (tmp_path / name).mkdir()
    with pytest.raises(quality.QualityError) as error:
        check(tmp_path / "a", {"y": np.zeros(2)}, answers, answers, ("accuracie",))
    assert str(error.value) == (
        "error: there is no metric `quality.accuracie`\nhint: `doit kinds` shows all of them"
    )
    with pytest.raises(MetricError, match="there is truth for `z`, but no prediction"):
        check(tmp_path / "b", {"z": np.zeros(2)}, answers, answers, ("mae",))
    with pytest.raises(UserCodeError, match="`decode` must return a dict of arrays"):
        decode = "def decode(outputs):\n    return 5\n"
        check(tmp_path / "c", {"y": np.zeros(2)}, answers, answers, ("mae",), decode)
