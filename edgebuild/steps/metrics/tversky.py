"""Tversky index: TP / (TP + alpha FP + beta FN), which weighs false alarms and misses apart.

Predictions are labels, scores of label 1 (positive from `threshold` on) or a score for each class, and
truth is labels; label 0 is negative, all others are positive. A positive of the wrong class counts
as both errors. Counted over all labels of all samples. With alpha and beta 0.5 it is Dice, with 1 it is
IoU. Tversky 1977; the default weights are those of Salehi et al. 2017 for segmentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgebuild.step import Metric, param
from edgebuild.steps.metrics import _arrays, _labels

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays


@dataclass(frozen=True, kw_only=True)
class Params(_labels.Params):
    """Weights of the two errors."""

    alpha: float = param("weight of false positives", 0.3, minimum=0)
    beta: float = param("weight of positives that were missed", 0.7, minimum=0)


METRIC = Metric(
    doc="Tversky index, false alarms and misses weighed apart", params=Params, span=(0, 1)
)
EXAMPLES = (
    ({"y": [1, 1, 1, 0]}, {"y": [1, 1, 0, 1]}, 0.6666666666666666),
    ({"y": [1, 1, 0, 0]}, {"y": [1, 0, 1, 1]}, 0.37037037037037035),
    ({"y": [1, 1, 0, 0]}, {"y": [1, 0, 1, 1]}, 0.25, {"alpha": 1.0, "beta": 1.0}),
)
confusion = _labels.confusion


def statistics(predictions: Arrays, truth: Arrays, params: Params) -> Array:
    """[N, 2]: what is right, and that with the weighed errors."""
    import numpy as np

    tp, fp, fn, *_ = _labels.counts(predictions, truth, params).T
    return np.stack([tp, tp + params.alpha * fp + params.beta * fn], axis=1)


def score(statistics: Array, times: Array) -> Array:
    """The one / the other."""
    right, weighed = _arrays.totals(statistics, times).T
    return _arrays.ratio(right, weighed)
