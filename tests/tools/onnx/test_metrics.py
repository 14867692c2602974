import importlib
import math
import pkgutil

import numpy as np
import pytest

from edgebuild.steps import metrics
from edgebuild.steps.metrics import accuracy, mae, map50, miou
from edgebuild.steps.metrics._arrays import MetricError

NAMES = [m.name for m in pkgutil.iter_modules(metrics.__path__) if not m.name.startswith("_")]
CASES = [
    (name, i)
    for name in NAMES
    for i in range(len(importlib.import_module(f"{metrics.__name__}.{name}").EXAMPLES))
]


def arrays(group):
    return {name: np.asarray(values) for name, values in group.items()}


def test_there_are_examples_of_every_metric():
    assert {name for name, _ in CASES} == set(NAMES)
    assert len(NAMES) >= 13


@pytest.mark.parametrize(("name", "number"), CASES)
def test_example(name, number):
    module = importlib.import_module(f"{metrics.__name__}.{name}")
    predictions, truth, value = module.EXAMPLES[number]
    assert module.measure(arrays(predictions), arrays(truth)) == pytest.approx(value)


def test_truth_without_prediction_is_refused_by_name():
    with pytest.raises(MetricError) as error:
        mae.measure({"a": np.ones(2)}, {"b": np.ones(2)})
    assert str(error.value) == (
        "error: there is truth for `b`, but no prediction\n"
        "  predictions  a\n"
        "hint: name the truth as the output, or give a `decode` function"
    )


def test_other_shapes_are_refused():
    with pytest.raises(MetricError, match="differ in shape"):
        mae.measure({"a": np.ones((2, 3))}, {"a": np.ones((2, 4))})
    with pytest.raises(MetricError, match="neither labels nor scores"):
        accuracy.measure({"a": np.ones((2, 3, 5))}, {"a": np.ones((2, 4))})


def test_labels_from_channels_of_nchw():
    scores = np.zeros((1, 1, 3, 2, 2))
    scores[0, 0, 2, 0, 0] = 1
    truth = np.array([[[[2, 0], [0, 0]]]])
    assert miou.measure({"m": scores}, {"m": truth}) == 1.0


def test_boolean_truth():
    assert accuracy.measure({"y": np.array([0.7, 0.1])}, {"y": np.array([True, True])}) == 0.5


def test_map50_counts_a_second_box_on_one_truth_as_false():
    truth = np.array([[[0, 0, 0, 2, 2], [0, 5, 5, 7, 7]]], float)
    twice = np.array([[[0, 0.9, 0, 0, 2, 2], [0, 0.8, 0, 0, 2, 2], [0, 0.7, 5, 5, 7, 7]]])
    # precision 1 at recall 1/2, then 2/3 at recall 1
    assert map50.measure({"boxes": twice}, {"boxes": truth}) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_map50_keeps_images_apart():
    truth = np.array([[[0, 0, 0, 2, 2]], [[-1, 0, 0, 0, 0]]], float)
    other = np.array([[[-1, 0, 0, 0, 0, 0]], [[0, 0.9, 0, 0, 2, 2]]], float)
    assert map50.measure({"boxes": other}, {"boxes": truth}) == 0.0


def test_nothing_to_measure_is_not_a_number():
    empty = np.full((1, 1, 5), -1.0)
    assert math.isnan(map50.measure({"boxes": np.zeros((1, 0, 6))}, {"boxes": empty}))
