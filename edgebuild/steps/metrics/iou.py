"""Intersection over union of what is positive: TP / (TP + FP + FN), the Jaccard index.

Predictions are labels, scores of label 1 (positive from `threshold` on) or a score for each class, and
truth is labels; label 0 is negative, all others are positive. A positive of the wrong class counts
as both errors. Counted over all labels of all samples. Not a number if there are no positives in
either. Equal to scikit-learn's `jaccard_score`, micro-averaged over the positive labels. `miou` is the mean
over all classes, the background among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays, _labels

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

METRIC = Metric(
    doc="intersection over union of what is positive",
    better="higher",
    params=_labels.Params,
    span=(0, 1),
)
EXAMPLES = (({"mask": [[[0, 1], [1, 1]]]}, {"mask": [[[0, 0], [1, 1]]]}, 0.6666666666666666),)
confusion = _labels.confusion


def statistics(predictions: Arrays, truth: Arrays, params: _labels.Params) -> Array:
    """[N, 5], see `_labels.counts`."""
    return _labels.counts(predictions, truth, params)


def score(statistics: Array, times: Array) -> Array:
    """TP / (TP + FP + FN)."""
    tp, fp, fn, _, _ = _arrays.totals(statistics, times).T
    return _arrays.ratio(tp, tp + fp + fn)
