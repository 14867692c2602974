"""What each metric makes of predictions and truth, by its own examples and by corners."""

import math
import pkgutil

import measuring
import numpy as np
import pytest
from measuring import measure

from edgebuild.steps import metrics
from edgebuild.steps.metrics._arrays import MetricError

NAMES = [m.name for m in pkgutil.iter_modules(metrics.__path__) if not m.name.startswith("_")]
CASES = [(name, i) for name in NAMES for i in range(len(measuring.module(name).EXAMPLES))]


def test_there_are_examples_of_every_metric():
    assert {name for name, _ in CASES} == set(NAMES)
    assert set(NAMES) >= {
        "accuracy", "top_k", "precision", "recall", "f1", "far", "miss_rate", "sensitivity",
        "specificity", "map50", "map", "mar", "miou", "iou", "dice", "tversky", "psnr_db", "ssim",
        "mae_deg", "mae", "rmse",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "number"), CASES)
def test_example(name, number):
    predictions, truth, figure, *params = measuring.module(name).EXAMPLES[number]
    found = measure(name, predictions, truth, **(params[0] if params else {}))
    assert found == pytest.approx(figure)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_twice_is_a_sample_that_counts_twice(name):
    """What the resamples of the bootstrap are judged by."""
    predictions, truth, _, *params = measuring.module(name).EXAMPLES[0]
    predictions, truth = (measuring.arrays(group) for group in (predictions, truth))
    other = {n: a[..., ::-1] if n != "boxes" else a for n, a in predictions.items()}
    both = [
        {n: np.concatenate([a, b[n]]) for n, a in x.items()}
        for x, b in ((predictions, other), (truth, truth))
    ]
    count = len(next(iter(truth.values())))
    times = np.repeat([3, 1], count)
    again = [{n: np.repeat(a, times, axis=0) for n, a in group.items()} for group in both]
    given = params[0] if params else {}
    wanted = measure(name, *again, **given)
    assert measure(name, *both, times, **given) == pytest.approx(wanted, nan_ok=True)


def test_truth_without_prediction_is_refused_by_name():
    with pytest.raises(MetricError) as error:
        measure("mae", {"a": np.ones(2)}, {"b": np.ones(2)})
    assert str(error.value) == (
        "error: there is truth for `b`, but no prediction\n"
        "  predictions  a\n"
        "hint: name the truth as the output, or give a `decode` function"
    )


def test_other_shapes_are_refused():
    with pytest.raises(MetricError) as error:
        measure("mae", {"a": np.ones((2, 3))}, {"a": np.ones((2, 4))})
    assert str(error.value) == (
        "error: prediction and truth of `a` differ in shape\n  prediction  [2, 3]\n  truth       [2, 4]"
    )
    with pytest.raises(MetricError, match="neither labels nor scores"):
        measure("accuracy", {"a": np.ones((2, 3, 5))}, {"a": np.ones((2, 4))})


def test_axes_of_length_one_do_not_matter():
    scores = np.array([[[0.2, 0.8]], [[0.9, 0.1]]])  # as a model of batch 1 answers
    assert measure("accuracy", {"y": scores}, {"y": [1, 0]}) == 1.0
    assert measure("mae", {"y": [[[1.0]], [[2.0]]]}, {"y": [1.0, 4.0]}) == 1.0
    probability = np.array([[[0.9, 0.2]], [[0.7, 0.6]]])
    assert measure("miou", {"m": probability[:, None]}, {"m": [[[1, 0]], [[1, 1]]]}) == 1.0


def test_labels_from_channels_of_nchw():
    scores = np.zeros((1, 1, 3, 2, 2))
    scores[0, 0, 2, 0, 0] = 1
    assert measure("miou", {"m": scores}, {"m": [[[[2, 0], [0, 0]]]]}) == 1.0


def test_labels_may_be_any_whole_numbers():
    labels = {"y": np.array([[7, 10**9, -5, 7]])}
    assert measure("miou", labels, {"y": [[7, 10**9, -5, 10**9]]}) == pytest.approx(2 / 3)
    assert measure("miou", {"y": [[7, 5]]}, {"y": [[7, 7]]}) == pytest.approx(0.25)


def test_boolean_truth():
    assert measure("accuracy", {"y": [0.7, 0.1]}, {"y": [True, True]}) == 0.5


def test_an_answer_that_is_no_number_is_never_right():
    nan = math.nan
    assert measure("accuracy", {"y": [nan, nan, 0.9]}, {"y": [1, 0, 1]}) == pytest.approx(1 / 3)
    assert measure("accuracy", {"y": [[nan, 0.1], [0.2, 0.1]]}, {"y": [0, 0]}) == 0.5
    assert measure("specificity", {"y": [nan, 0.1]}, {"y": [0, 0]}) == 0.5
    assert measure("recall", {"y": [nan, 0.9]}, {"y": [1, 1]}) == 0.5
    assert measure("top_k", {"y": [[nan, 1.0, 0.0]]}, {"y": [1]}, k=2) == 0.0
    assert math.isnan(measure("mae", {"y": [nan, 1.0]}, {"y": [1.0, 1.0]}))
    box = [[[0, 0.9, 0, 0, nan, 2]]]
    assert measure("map50", {"boxes": box}, {"boxes": [[[0, 0, 0, 2, 2]]]}) == 0.0
    late = [[[0, nan, 0, 0, 2, 2], [0, -5.0, 7, 7, 8, 8]]]
    assert measure("map50", {"boxes": late}, {"boxes": [[[0, 0, 0, 2, 2]]]}) == pytest.approx(0.5)


def test_top_k_of_as_many_classes_is_refused():
    with pytest.raises(MetricError) as error:
        measure("top_k", {"y": np.ones((2, 4))}, {"y": [0, 1]})
    assert str(error.value) == (
        "error: top_k with k 5 of 4 classes is always 1\n"
        "hint: give a smaller `k`: `quality.top_k: {min: ..., k: 3}`"
    )


def test_an_image_that_is_too_small_for_ssim_is_refused():
    with pytest.raises(MetricError, match="ssim needs images of 11 x 11 values at least"):
        measure("ssim", {"y": np.ones((1, 1, 10, 20))}, {"y": np.ones((1, 1, 10, 20))})


def test_boxes_of_another_form_are_refused():
    with pytest.raises(MetricError) as error:
        measure("map", {"boxes": np.ones((2, 3, 5))}, {"boxes": np.ones((2, 3, 5))})
    assert str(error.value) == (
        "error: `boxes` must be [N, K, 6] and their truth [N, M, 5]\n"
        "  prediction  [2, 3, 5]\n"
        "  truth       [2, 3, 5]\n"
        "hint: rows are class, score, x1, y1, x2, y2, without the score in the truth"
    )
    with pytest.raises(MetricError, match="there is no truth called `boxes`"):
        measure("map50", {"boxes": np.ones((2, 3, 6))}, {"faces": np.ones((2, 3, 5))})


def test_a_second_box_on_one_truth_is_false():
    truth = [[[0, 0, 0, 2, 2], [0, 5, 5, 7, 7]]]
    twice = [[[0, 0.9, 0, 0, 2, 2], [0, 0.8, 0, 0, 2, 2], [0, 0.7, 5, 5, 7, 7]]]
    # precision 1 up to recall 1/2 (51 of the 101 recalls), then 2/3
    wanted = (51 + 50 * 2 / 3) / 101
    assert measure("map50", {"boxes": twice}, {"boxes": truth}) == pytest.approx(wanted)
    first = measure("map50", {"boxes": twice}, {"boxes": truth}, max_detections=1)
    assert first == pytest.approx(51 / 101)


def test_boxes_of_different_samples_do_not_match():
    truth = [[[0, 0, 0, 2, 2]], [[-1, 0, 0, 0, 0]]]
    other = [[[-1, 0, 0, 0, 0, 0]], [[0, 0.9, 0, 0, 2, 2]]]
    assert measure("map50", {"boxes": other}, {"boxes": truth}) == 0.0


def test_nothing_to_measure_is_not_a_number():
    empty = {"boxes": np.full((1, 1, 5), -1.0)}
    for name in ("map50", "map", "mar"):
        assert math.isnan(measure(name, {"boxes": np.zeros((1, 0, 6))}, empty))
    negative = {"y": [0, 0]}
    assert math.isnan(measure("recall", negative, negative))
    assert math.isnan(measure("f1", negative, negative))
    assert math.isnan(measure("far", {"y": [1]}, {"y": [1]}))
    zero = {"gaze": np.zeros((1, 3))}
    assert math.isnan(measure("mae_deg", zero, {"gaze": np.ones((1, 3))}, of="vectors"))


def test_small_angles_between_vectors_are_exact():
    angle = 1e-6
    found = {"gaze": [[math.cos(angle), math.sin(angle), 0.0]]}
    error = measure("mae_deg", found, {"gaze": [[1.0, 0.0, 0.0]]}, of="vectors")
    assert error == pytest.approx(math.degrees(angle), rel=1e-6)
