"""Share of the true negatives that were let be: TN / (TN + FP), 1 - false-alarm rate.

Predictions are labels, scores of label 1 (positive from `threshold` on) or a score for each class, and
truth is labels; label 0 is negative, all others are positive. FP counts negatives taken for any
positive. Counted over all labels of all samples. Not a number if there are no negatives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays, _labels

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

METRIC = Metric(
    doc="share of the negatives that were let be",
    better="higher",
    params=_labels.Params,
    span=(0, 1),
)
EXAMPLES = (
    ({"y": [1, 0, 0, 0, 1]}, {"y": [0, 0, 0, 0, 1]}, 0.75),
    ({"y": [2, 1]}, {"y": [1, 0]}, 0.0),
)
confusion = _labels.confusion


def statistics(predictions: Arrays, truth: Arrays, params: _labels.Params) -> Array:
    """[N, 5], see `_labels.counts`."""
    return _labels.counts(predictions, truth, params)


def score(statistics: Array, times: Array) -> Array:
    """TN / (TN + negatives taken for positives)."""
    _, _, _, tn, alarms = _arrays.totals(statistics, times).T
    return _arrays.ratio(tn, tn + alarms)
