"""Share of the true positives that were missed: FN / (TP + FN), 1 - recall.

Predictions are labels, scores of label 1 (positive from `threshold` on) or a score for each class, and
truth is labels; label 0 is negative, all others are positive. A positive of the wrong class was
missed. Counted over all labels of all samples. Not a number if there are no positives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays, _labels

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

METRIC = Metric(
    doc="share of the positives that were missed",
    better="lower",
    params=_labels.Params,
    span=(1, 0),
)
EXAMPLES = (({"y": [1, 0, 1, 0]}, {"y": [1, 1, 0, 1]}, 0.6666666666666666),)
confusion = _labels.confusion


def statistics(predictions: Arrays, truth: Arrays, params: _labels.Params) -> Array:
    """[N, 5], see `_labels.counts`."""
    return _labels.counts(predictions, truth, params)


def score(statistics: Array, times: Array) -> Array:
    """FN / (TP + FN)."""
    tp, _, fn, _, _ = _arrays.totals(statistics, times).T
    return _arrays.ratio(fn, tp + fn)
