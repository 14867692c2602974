"""Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

Predictions are labels, scores of label 1 (positive from `threshold` on) or a score for each class, and
truth is labels; label 0 is negative, all others are positive. A positive of the wrong class is
a false positive and one that was not found. Counted over all labels of all samples. Not a number
if there are no positives in either. Equal to scikit-learn's `f1_score`, micro-averaged over the positive
labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays, _labels

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

METRIC = Metric(
    doc="harmonic mean of precision and recall", better="higher", params=_labels.Params, span=(0, 1)
)
EXAMPLES = (
    ({"y": [1, 0, 1, 0]}, {"y": [1, 1, 0, 1]}, 0.4),
    ({"y": [1, 0]}, {"y": [1, 0]}, 1.0),
)
confusion = _labels.confusion


def statistics(predictions: Arrays, truth: Arrays, params: _labels.Params) -> Array:
    """[N, 5], see `_labels.counts`."""
    return _labels.counts(predictions, truth, params)


def score(statistics: Array, times: Array) -> Array:
    """2 TP / (2 TP + FP + FN)."""
    tp, fp, fn, _, _ = _arrays.totals(statistics, times).T
    return _arrays.ratio(2 * tp, 2 * tp + fp + fn)
