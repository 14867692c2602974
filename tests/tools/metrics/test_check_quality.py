import json

import numpy as np
import pytest
import stepcall

from edgebuild.formats import dataset, measurements
from edgebuild.step import QUANTILES, ProjectFile
from edgebuild.steps.checks import quality
from edgebuild.steps.metrics._arrays import MetricError
from edgebuild.steps.user_code import UserCodeError


def asked(*names, **more):
    """What the plan makes of a manifest's `quality.NAME`; `more` has parameters by name."""
    made = {name: {} for name in names} | more
    return {
        name: {"module": f"edgebuild.steps.metrics.{name}", "params": params}
        for name, params in made.items()
    }


def check(folder, truth, expected, actual, metrics, *, decode=None, optimised=None):
    folder.mkdir(exist_ok=True)
    samples = len(next(iter(expected.values())))
    groups = {"inputs": {"x": np.zeros((samples, 1))}, **({"truth": truth} if truth else {})}
    dataset.save(folder / "evaluation.npz", groups)
    given = {"expected": expected, "actual": actual, "optimised": optimised}
    inputs = {"evaluation": folder / "evaluation.npz"}
    for port, outputs in given.items():
        if outputs is not None:
            inputs[port] = folder / f"{port}.npz"
            dataset.save(inputs[port], {"outputs": outputs})
    params = None
    if decode:
        inputs["decode"] = folder / "d.py"
        inputs["decode"].write_text(decode)
        params = quality.Params(decode=ProjectFile(path="d.py"), decode_function="decode")
    made = stepcall.run(
        quality, folder / "step", inputs, params=params, evidence="host", metrics=metrics
    )
    rows, details = measurements.load(made["measurements"])
    return {row.metric: row for row in rows}, details


def test_the_artifact_beside_the_source(tmp_path):
    truth = {"y": np.array([1, 0])}
    source, artifact = {"y": np.array([0.9, 0.1])}, {"y": np.array([0.9, 0.8])}
    rows, _ = check(tmp_path, truth, source, artifact, asked("accuracy", "mae"))
    assert rows["quality.accuracy"].value == 0.5
    assert rows["quality.accuracy"].baseline == 1.0
    assert rows["quality.mae"].value == pytest.approx(0.45)
    assert set(rows) == {"quality.accuracy", "quality.mae"}


def test_three_figures_and_where_the_loss_is(tmp_path):
    truth = {"y": np.arange(8.0)}
    source, optimised, artifact = ({"y": truth["y"] + error} for error in (0.0, 0.25, 0.75))
    rows, details = check(
        tmp_path, truth, source, artifact, asked("mae", "rmse"), optimised=optimised
    )
    shown = details["metrics"]["mae"]
    assert (shown["source"], shown["optimised"], shown["artifact"]) == (0.0, 0.25, 0.75)
    assert rows["quality.mae"].detail == (
        "8 samples; the recipe lost 0.25, backend and runtime lost 0.5"
    )
    assert details["samples"] == 8
    assert details["resamples"] >= 1000
    assert details["confusion"] is None


def test_what_one_part_loses_another_can_gain(tmp_path):
    truth = {"y": np.array([1, 1, 1, 1])}
    source, optimised, artifact = (
        {"y": np.array([0.9] * right + [0.1] * (4 - right))} for right in (3, 2, 3)
    )
    rows, _ = check(tmp_path, truth, source, artifact, asked("recall"), optimised=optimised)
    assert rows["quality.recall"].detail == (
        "4 samples; the recipe lost 0.25, backend and runtime gained 0.25"
    )
    rows, _ = check(tmp_path / "same", truth, source, source, asked("recall"), optimised=source)
    assert rows["quality.recall"].detail == "4 samples"


def test_without_an_optimised_model_there_is_no_such_figure(tmp_path):
    truth = {"y": np.arange(4.0)}
    rows, details = check(tmp_path, truth, truth, {"y": truth["y"] + 1}, asked("mae"))
    assert details["metrics"]["mae"]["optimised"] is None
    assert rows["quality.mae"].detail == "4 samples"


def test_the_interval_is_that_of_the_binomial(tmp_path):
    """The bootstrap of an accuracy draws from a binomial distribution, whose percentiles are known."""
    truth = {"y": np.ones(200, int)}
    right = {"y": np.where(np.arange(200) < 180, 0.9, 0.1)}
    rows, details = check(tmp_path, truth, {"y": np.full(200, 0.9)}, right, asked("accuracy"))
    row = rows["quality.accuracy"]
    # scipy.stats.binom.ppf([0.025, 0.975], 200, 0.9) / 200
    assert row.interval == pytest.approx((0.855, 0.94), abs=0.006)
    assert details["metrics"]["accuracy"]["interval"] == list(row.interval)
    assert len(row.quantiles) == len(row.drop_quantiles) == len(QUANTILES)
    assert list(row.quantiles) == sorted(row.quantiles)
    # The source is right throughout, so the drop is what the artifact misses.
    assert details["metrics"]["accuracy"]["drop_interval"] == pytest.approx(
        (0.06, 0.145), abs=0.006
    )


def test_the_drop_is_judged_on_equal_samples(tmp_path):
    """Both are wrong on half the samples, the artifact on one more: far apart are only the samples."""
    truth = {"y": np.ones(100, int)}
    source = {"y": np.where(np.arange(100) < 50, 0.9, 0.1)}
    artifact = {"y": np.where(np.arange(100) < 49, 0.9, 0.1)}
    rows, details = check(tmp_path, truth, source, artifact, asked("accuracy"))
    low, high = rows["quality.accuracy"].interval
    assert high - low > 0.15
    assert details["metrics"]["accuracy"]["drop_interval"] == pytest.approx((0, 0.03), abs=0.011)


@pytest.mark.parametrize(
    ("metric", "answer", "count", "interval"),
    [
        # scipy.stats.binomtest(n, n).proportion_ci(0.95, "exact"): 0.9817, 0.9440
        ("accuracy", 0.9, 200, (0.98172, 1.0)),
        ("accuracy", 0.9, 64, (0.94398, 1.0)),
        ("miss_rate", 0.9, 64, (0.0, 0.05602)),
        ("recall", 0.1, 64, (0.0, 0.0)),
    ],
)
def test_a_network_without_mistakes_is_as_sure_as_its_samples_are_many(
    tmp_path, metric, answer, count, interval
):
    truth = {"y": np.ones(count, int)}
    found = {"y": np.full(count, answer)}
    rows, _ = check(tmp_path, truth, {"y": np.full(count, 0.8)}, found, asked(metric))
    row = rows[f"quality.{metric}"]
    assert row.interval == pytest.approx(interval, abs=1e-4)
    assert list(row.quantiles) == sorted(row.quantiles)


def test_samples_on_which_nothing_is_measured_make_no_figure_surer(tmp_path):
    truth = {"y": np.array([1, 1, 1] + [0] * 197)}
    found = {"y": np.where(truth["y"], 0.9, 0.1)}
    rows, _ = check(tmp_path, truth, found, found, asked("recall"))
    # Three positives were all found: scipy.stats.binomtest(3, 3).proportion_ci(0.95, "exact")
    assert rows["quality.recall"].interval == pytest.approx((0.29240, 1.0), abs=1e-4)


def test_no_label_lost_on_few_samples_is_not_sure_to_be_no_drop(tmp_path):
    truth = {"y": np.ones(10, int)}
    source, artifact = {"y": np.full(10, 0.9)}, {"y": np.full(10, 0.8)}
    rows, _ = check(tmp_path, truth, source, artifact, asked("accuracy"))
    drops = rows["quality.accuracy"].drop_quantiles
    # Rule of three: of 10 samples without a loss 1 - 0.025 ** (1 / 10) may be lost.
    assert drops[QUANTILES.index(0.975)] == pytest.approx(0.30850, abs=1e-4)


@pytest.mark.parametrize(("off", "sure"), [(0.0, True), (5e-6, True), (1e-3, False)])
def test_answers_that_differ_by_rounding_lose_nothing_for_sure(tmp_path, off, sure):
    truth = {"y": np.ones(10, int)}
    rows, _ = check(
        tmp_path, truth, {"y": np.full(10, 0.9)}, {"y": np.full(10, 0.9 - off)}, asked("accuracy")
    )
    assert (set(rows["quality.accuracy"].drop_quantiles) == {0.0}) == sure


def test_one_sample_has_no_interval(tmp_path):
    truth = {"y": np.array([1])}
    rows, details = check(tmp_path, truth, truth, truth, asked("accuracy"))
    row = rows["quality.accuracy"]
    assert (row.value, row.interval, row.quantiles) == (1.0, None, ())
    assert row.detail == "1 sample, too few for an interval"
    assert details["metrics"]["accuracy"]["interval"] is None


def test_a_figure_without_end_is_not_sure_because_resamples_are_alike(tmp_path):
    truth = {"y": np.arange(6.0)}
    rows, details = check(tmp_path, truth, truth, truth, asked("psnr_db"))
    row = rows["quality.psnr_db"]
    assert row.value == row.baseline == float("inf")
    assert (row.interval, row.quantiles) == (None, ())
    assert set(row.drop_quantiles) == {0.0}  # source and artifact answer with the same floats
    assert details["metrics"]["psnr_db"]["artifact"] == "inf"


def test_parameters_reach_the_metric_and_the_report(tmp_path):
    truth = {"y": np.array([1, 1, 0, 0])}
    found = {"y": np.array([0.9, 0.3, 0.3, 0.1])}
    rows, details = check(
        tmp_path, truth, found, found,
        asked(tversky={"alpha": 1, "beta": 0, "threshold": 0.2}, recall={"threshold": 0.2}),
    )  # fmt: skip
    assert rows["quality.tversky"].value == pytest.approx(2 / 3)
    assert rows["quality.recall"].value == 1.0
    assert details["metrics"]["tversky"]["params"] == {"alpha": 1, "beta": 0, "threshold": 0.2}


def test_what_is_taken_for_what(tmp_path):
    truth = {"y": np.array([0, 1, 2, 2])}
    source, artifact = ({"y": np.array(x)} for x in ([0, 1, 2, 2], [0, 2, 2, 0]))
    _, details = check(tmp_path, truth, source, artifact, asked("accuracy"))
    assert details["confusion"] == {
        "labels": [0, 1, 2],
        "source": [[1, 0, 0], [0, 1, 0], [0, 0, 2]],
        "artifact": [[1, 0, 0], [0, 0, 1], [1, 0, 1]],
    }


def test_answers_are_decoded(tmp_path):
    decode = "def decode(outputs):\n    return {'y': outputs['logit'][:, 0] > 0}\n"
    source, artifact = ({"logit": np.array(x)} for x in ([[3.0], [-3.0]], [[3.0], [1.0]]))
    rows, _ = check(
        tmp_path, {"y": np.array([1, 0])}, source, artifact, asked("recall", "precision"),
        decode=decode, optimised=source,
    )  # fmt: skip
    assert (rows["quality.precision"].value, rows["quality.precision"].baseline) == (0.5, 1.0)
    assert rows["quality.recall"].value == 1.0


def test_equal_answers_are_decoded_once(tmp_path):
    decode = "CALLS = []\ndef decode(outputs):\n    CALLS.append(1)\n    return {'y': outputs['x'] * 0 + len(CALLS)}\n"
    same, other = {"x": np.zeros(2)}, {"x": np.ones(2)}
    truth = {"y": np.zeros(2)}
    _, details = check(tmp_path, truth, other, same, asked("mae"), decode=decode, optimised=same)
    shown = details["metrics"]["mae"]
    assert (shown["source"], shown["optimised"], shown["artifact"]) == (1.0, 2.0, 2.0)


def test_decoding_does_not_compute_in_float16(tmp_path):
    decode = "def decode(outputs):\n    return {'y': outputs['x'] * 256}\n"
    source = {"x": np.full((2, 1), 512.0, np.float32)}
    artifact = {"x": source["x"].astype(np.float16)}
    truth = {"y": np.full((2, 1), 512.0 * 256)}
    rows, _ = check(tmp_path, truth, source, artifact, asked("mae"), decode=decode)
    assert rows["quality.mae"].value == 0.0


def test_without_truth_nothing_is_measured(tmp_path):
    answers = {"y": np.zeros(2)}
    rows, _ = check(tmp_path, {}, answers, answers, asked("mae"))
    assert rows["quality.mae"].value is None
    assert rows["quality.mae"].detail == "the evaluation data has no truth"


def test_what_cannot_be_measured_says_so(tmp_path):
    truth = {"y": np.array([0, 0])}
    answers = {"y": np.array([0.0, 0.0])}
    rows, _ = check(tmp_path, truth, answers, answers, asked("recall"))
    assert rows["quality.recall"].value is None
    assert rows["quality.recall"].baseline is None
    assert rows["quality.recall"].interval is None
    assert rows["quality.recall"].detail == "nothing in the data that it could measure"


def test_resamples_in_which_there_is_nothing_to_measure_do_not_count(tmp_path):
    truth = {"y": np.array([1, 0, 0])}  # three in ten resamples have no positive
    rows, _ = check(tmp_path, truth, truth, truth, asked("recall"))
    assert rows["quality.recall"].interval == (pytest.approx(0.025), 1.0)  # of one sample in truth
    json.dumps(rows["quality.recall"].quantiles, allow_nan=False)


def test_an_artifact_that_gives_no_numbers_is_told_from_data_that_have_none(tmp_path):
    truth = {"y": np.arange(4.0)}
    rows, _ = check(tmp_path, truth, truth, {"y": np.array([0, 1, np.nan, np.nan])}, asked("mae"))
    row = rows["quality.mae"]
    assert (row.value, row.baseline) == (None, 0.0)
    assert row.detail == (
        "no number of the artifact, 0 of the source; 2 of 4 values of its predictions are not finite"
    )


def test_what_a_decoding_function_returns_can_be_lists(tmp_path):
    truth = {"y": np.array([1, 0])}
    decode = "def decode(outputs):\n    return {'y': outputs['y'].tolist()}\n"
    answers = {"y": np.array([0.9, 0.8])}
    rows, _ = check(tmp_path, truth, answers, answers, asked("accuracy"), decode=decode)
    assert rows["quality.accuracy"].value == 0.5


@pytest.mark.parametrize("wrong", ["0.5", "['a', 'b']", "None"])
def test_what_a_decoding_function_returns_are_numbers(tmp_path, wrong):
    answers = {"y": np.zeros(2)}
    decode = f"def decode(outputs):\n    return {{'y': {wrong}}}\n"
    with pytest.raises(UserCodeError) as error:
        check(tmp_path, answers, answers, answers, asked("mae"), decode=decode)
    assert str(error.value) == (
        "error: `decode` returned no array of numbers as `y`\n"
        'hint: return {"boxes": array}, numbers with samples along axis 0'
    )


def test_mistakes_of_the_manifest_are_errors(tmp_path):
    answers = {"y": np.zeros(2)}
    wrong = {"mae": {"module": "edgebuild.step", "params": {}}}
    with pytest.raises(quality.QualityError) as error:
        check(tmp_path / "a", {"y": np.zeros(2)}, answers, answers, wrong)
    assert str(error.value) == (
        "error: module `edgebuild.step` is no metric `quality.mae`: it has no METRIC and no statistics"
        " and no score\n"
        "hint: the package `edgebuild.steps.metrics` says what a metric's module has"
    )
    with pytest.raises(MetricError, match="there is truth for `z`, but no prediction"):
        check(tmp_path / "b", {"z": np.zeros(2)}, answers, answers, asked("mae"))
    with pytest.raises(UserCodeError, match="`decode` must return a dict of arrays"):
        decode = "def decode(outputs):\n    return 5\n"
        check(tmp_path / "c", {"y": np.zeros(2)}, answers, answers, asked("mae"), decode=decode)
