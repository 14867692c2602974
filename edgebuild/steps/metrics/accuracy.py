"""Share of labels that are right, background and negatives among them.

Predictions are labels, scores of label 1 (label 1 from `threshold` on) or a score for each class, and
truth is labels. Counted over all labels of all samples. Equal to scikit-learn's `accuracy_score`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays, _labels

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

METRIC = Metric(doc="share of labels that are right", params=_labels.Params, span=(0, 1))
EXAMPLES = (
    ({"y": [[0.1, 0.9], [0.8, 0.2]]}, {"y": [1, 1]}, 0.5),
    ({"y": [[0, 2, 1]]}, {"y": [[0, 2, 2]]}, 0.6666666666666666),
)
confusion = _labels.confusion


def statistics(predictions: Arrays, truth: Arrays, params: _labels.Params) -> Array:
    """[N, 2]: labels that are right, labels."""
    import numpy as np

    sums: Array = np.zeros(2)
    for found, wanted in _labels.labels(predictions, truth, params):
        both = (found == wanted, np.ones_like(wanted))
        sums = sums + np.stack([_arrays.by_sample(x) for x in both], axis=1)
    return sums


def score(statistics: Array, times: Array) -> Array:
    """Right ones / all."""
    right, every = _arrays.totals(statistics, times).T
    return _arrays.ratio(right, every)
