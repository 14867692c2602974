"""Share of the positives found that are right: TP / (TP + FP).

Predictions are labels, scores of label 1 (positive from `threshold` on) or a score for each class, and
truth is labels; label 0 is negative, all others are positive. A positive of the wrong class is
a false positive. Counted over all labels of all samples. Not a number if nothing was found.
Equal to scikit-learn's `precision_score`, micro-averaged over the positive labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays, _labels

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

METRIC = Metric(
    doc="share of the positives found that are right",
    better="higher",
    params=_labels.Params,
    span=(0, 1),
)
EXAMPLES = (
    ({"y": [1, 1, 1, 0]}, {"y": [1, 1, 0, 1]}, 0.6666666666666666),
    ({"y": [0.9, 0.6, 0.2]}, {"y": [1, 0, 1]}, 0.5),
    ({"y": [0.9, 0.6, 0.2]}, {"y": [1, 0, 1]}, 1.0, {"threshold": 0.7}),
)
confusion = _labels.confusion


def statistics(predictions: Arrays, truth: Arrays, params: _labels.Params) -> Array:
    """[N, 5], see `_labels.counts`."""
    return _labels.counts(predictions, truth, params)


def score(statistics: Array, times: Array) -> Array:
    """TP / (TP + FP)."""
    tp, fp, _, _, _ = _arrays.totals(statistics, times).T
    return _arrays.ratio(tp, tp + fp)
