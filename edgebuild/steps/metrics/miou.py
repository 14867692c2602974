"""Intersection over union of segmentations, mean over the classes that occur.

Predictions are labels, scores of label 1 (label 1 from `threshold` on) or a score for each class, and
truth is labels. Intersections and unions are summed over all samples before they are divided; every label
that occurs in truth or predictions is a class, 0 too. Equal to scikit-learn's `jaccard_score`,
macro-averaged over all labels of all samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays, _labels

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

METRIC = Metric(doc="mean intersection over union", params=_labels.Params, span=(0, 1))
EXAMPLES = (
    ({"mask": [[[0, 1], [1, 1]]]}, {"mask": [[[0, 0], [1, 1]]]}, 0.5833333333333333),
    ({"mask": [[[[[0.9, 0.2]], [[0.1, 0.8]]]]]}, {"mask": [[[[0, 1]]]]}, 1.0),
)
confusion = _labels.confusion


def statistics(predictions: Arrays, truth: Arrays, params: _labels.Params) -> Array:
    """[N, C, 2], see `_labels.overlaps`."""
    return _labels.overlaps(predictions, truth, params)


def score(statistics: Array, times: Array) -> Array:
    """Mean over the classes that occur."""
    sums = _arrays.totals(statistics, times)
    return _arrays.mean_where_known(_arrays.ratio(sums[..., 0], sums[..., 1]))
