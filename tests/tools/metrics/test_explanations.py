"""Causes are named where their effect was seen, with its figures, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgebuild.formats.hypotheses import Trial
from edgebuild.step import Contract, Metric, Tensor
from edgebuild.steps import explanations

IMAGE = Tensor(shape=(1, 3, 4, 6), layout="NCHW", color="RGB", scale=(58.0, 57.0, 57.0))
CONTRACT = Contract(inputs={"image": IMAGE}, outputs={"y": Tensor(shape=(1, 8))})
COLOR = Trial(what="color", name="image", variant="exchanged")
SIDES = Trial(what="layout", name="image", variant="sides")
MEAN = Trial(what="range", name="image", variant="imagenet")
HIGH, LOW = Metric(doc="share"), Metric(doc="error", better="lower")


def noise(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape or (4, 1, 8)).astype(np.float32)


def said(causes):
    return [(c.cause, c.evidence) for c in causes]


def test_the_change_with_which_the_source_answers_as_the_artifact_does():
    artifact = {"y": noise(1)}
    tried = {COLOR: {"y": noise(1) + 0.01 * noise(2)}, SIDES: {"y": noise(3)}}
    ((cause, evidence),) = said(
        explanations.of_artifact(tried, {"y": noise(4)}, artifact, CONTRACT)
    )
    assert cause == "the artifact takes the colours of `image` in another order"
    assert evidence == (
        "with red and blue of `image` exchanged the source agrees with the artifact to 39.3 dB,"
        " as it is to -2.3 dB"
    )


def test_a_change_that_changes_nothing_explains_nothing():
    source = {"y": noise(1)}
    for artifact in (source, {"y": noise(2)}, {"y": source["y"] + 0.1 * noise(3)}):
        assert not said(explanations.of_artifact({COLOR: source}, source, artifact, CONTRACT))


@pytest.mark.parametrize(
    ("metric", "before", "after", "text"),
    [
        (HIGH, 0.31, 0.95, "rises from 0.31 to 0.95"),
        (HIGH, float("nan"), 0.5, "rises from no number to 0.5"),
        (HIGH, 0.93, 0.97, None),
        (HIGH, 0.9, 0.2, None),
        (LOW, 0.5, 0.1, "falls from 0.5 to 0.1"),
        (LOW, 0.5, 0.45, None),
        (LOW, 0.0, 0.0, None),
        (Metric(doc="ratio", unit="dB"), 20, 32, "rises from 20 to 32"),
        (Metric(doc="ratio", unit="dB"), 30, 30.5, None),
        (HIGH, 0.3, float("nan"), None),
    ],
)
def test_the_change_that_brings_the_source_nearer_to_the_truth(metric, before, after, text):
    found = said(explanations.of_quality("m", metric, before, {MEAN: after}, CONTRACT))
    wanted = (
        "with mean [123.675, 116.28, 103.53] and scale [58.395, 57.12, 57.375] for `image`"
        f" quality.m of the source {text}"
    )
    assert found == ([("mean of `image` is missing", wanted)] if text else [])


def test_only_the_best_of_a_kind_and_what_is_near_it_is_told():
    after = {
        MEAN: 0.99,
        Trial(what="range", name="image", variant="-1..1"): 0.7,
        COLOR: 0.9,
        SIDES: 0.5,
    }
    best = explanations.best(explanations.of_quality("m", HIGH, 0.4, after, CONTRACT))
    assert [c.cause for c in best] == [
        "mean of `image` is missing",
        "the colours of `image` come in another order than the network expects",
    ]
    assert "0.99" in best[0].evidence
    assert explanations.best([]) == []


def test_the_change_that_makes_answers_finite():
    broken = noise(1)
    broken[0, 0, :3] = np.nan
    tried = {MEAN: {"y": noise(2)}, COLOR: {"y": broken}}
    assert said(explanations.of_infinities(tried, {"y": broken}, CONTRACT)) == [
        (
            "mean of `image` is missing",
            "with mean [123.675, 116.28, 103.53] and scale [58.395, 57.12, 57.375] for `image`"
            " all answers of the source are finite, as it is 3 of 32 are not",
        )
    ]
    assert not said(explanations.of_infinities(tried, {"y": noise(3)}, CONTRACT))


def test_an_output_under_another_name():
    expected = {"a": noise(1), "b": noise(2)}
    exchanged = {"a": noise(2), "b": noise(1)}
    assert said(explanations.of_outputs(expected, exchanged)) == [
        ("output `a` of the source is output `b` of the artifact", "they agree to the last bit"),
        ("output `b` of the source is output `a` of the artifact", "they agree to the last bit"),
    ]
    assert not said(explanations.of_outputs(expected, expected))
    same = {"a": noise(1), "b": noise(1)}
    assert not said(explanations.of_outputs(same, same)), "equal outputs are not exchanged"


@pytest.mark.parametrize("shape", [(2, 1, 3, 4, 5), (2, 1, 3, 4, 4)])
def test_an_output_with_other_axes(shape):
    expected = noise(1, *shape)
    turned = np.moveaxis(expected, 2, 4)
    ((cause, evidence),) = said(explanations.of_outputs({"y": expected}, {"y": turned}))
    assert cause == "output `y` of the artifact is transposed"
    assert evidence.endswith("it agrees with the source's to the last bit")


@given(st.integers(0, 50))
def test_calibration_drawn_like_evaluation_is_not_blamed(seed):
    both = [np.cumsum(noise(seed + i, 8, 1, 3, 8, 16), axis=-1) for i in (0, 100)]
    assert not said(explanations.of_calibration({"image": both[0]}, {"image": both[1]}))


def test_calibration_unlike_evaluation_is_told_by_figures():
    evaluation = np.cumsum(noise(1, 8, 1, 3, 8, 64), axis=-1)
    calibration = 100 + noise(2, 8, 1, 3, 8, 64)
    ((cause, evidence),) = said(
        explanations.of_calibration({"image": calibration}, {"image": evaluation})
    )
    assert cause == "the calibration data of `image` are not like the evaluation data"
    assert evidence.split("; ")[1].startswith("their mean is 100, in evaluation ")
    assert "neighbouring values correlate to " in evidence


def test_inputs_are_told_of_in_the_order_of_the_data():
    names = [f"input {i}" for i in range(20)]
    evaluation = {name: noise(1, 8, 1, 3, 8, 16) for name in names}
    calibration = {name: 100 + noise(2, 8, 1, 3, 8, 16) for name in reversed(names)}
    causes = [cause for cause, _ in said(explanations.of_calibration(calibration, evaluation))]
    assert causes == [
        f"the calibration data of `{name}` are not like the evaluation data" for name in names
    ]


ROW = {"name": "v", "kind": "value", "layer": "conv1", "elements": 100, "max_abs": 1.0}
BYTE = {"type": "uint8", "low": -0.5, "high": 2.25, "overflow": None}


def clipped(count, **more):
    return {**ROW, **BYTE, "clipped": count, **more}


def test_what_float16_cannot_hold():
    fits, over = {**ROW, "overflow": 0}, {**ROW, "overflow": 2, "max_abs": 1e5}
    assert not said(explanations.of_halves([fits, clipped(2)]))
    assert said(explanations.of_halves([fits, over, {**over, "layer": "later"}])) == [
        (
            "float16 cannot hold what layer `conv1` computes",
            "it reaches 100000, float16 ends at 65504",
        )
    ]


def test_what_integers_cannot_hold():
    assert not said(explanations.of_integers([{**ROW, "overflow": 5}, clipped(0)]))
    assert not said(explanations.of_integers([clipped(0.8)])), "less than a hundredth"
    rows = [clipped(2), clipped(31, layer="conv3"), clipped(7, layer="conv4")]
    assert said(explanations.of_integers(rows)) == [
        (
            "what layer `conv3` computes saturates in 8 bit",
            "31.0% of its values lie beyond -0.5 .. 2.25, the range of its integers",
        )
    ]


def test_integers_are_called_by_their_size():
    ((cause, _),) = said(explanations.of_integers([clipped(31, type="int16")]))
    assert cause == "what layer `conv1` computes saturates in 16 bit"


def test_a_weight_is_called_one():
    row = {"name": "w", "kind": "weight", "layer": "", "elements": 9, "max_abs": 1e5, "overflow": 1}
    ((cause, _),) = said(explanations.of_halves([row]))
    assert cause == "float16 cannot hold weight `w`"


def test_the_layer_that_goes_wrong():
    def row(layer, depth, before, after):
        return {
            "layer": layer,
            "op": "Conv",
            "depth": depth,
            "sqnr_db": after,
            "input_sqnr_db": before,
        }

    inside = {
        "rows": [row("a", 0, 99, 35), row("b", 1, 35, 4), row("c", 2, 4, 3)],
        "keeps_db": 40.0,
        "source_not_finite": None,
    }
    assert said(explanations.of_layers(inside)) == [
        (
            "layer `b` (Conv) goes wrong in the artifact",
            "it agrees with the source's to 4.0 dB, what it is given to 35.0 dB",
        )
    ]
    fine = {**inside, "rows": inside["rows"][:1]}
    assert not said(explanations.of_layers(fine))
    bad = {**fine, "source_not_finite": {"name": "v", "op": "Exp", "layer": "e"}}
    assert said(explanations.of_layers(bad)) == [
        ("layer `e` (Exp) of the source gives what is not finite", "everything before it is finite")
    ]
