"""Share of labels that are among the `k` classes of highest score.

Predictions have a score for each class, along the first axis behind the samples or else the last; truth
is labels. Of equal scores the class of lower number counts as higher, as for `accuracy`, which is `k` of
1; otherwise equal to scikit-learn's `top_k_accuracy_score`. A prediction with a score that is not a number
is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgebuild.step import Metric, param
from edgebuild.steps.metrics import _arrays, _labels

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays


@dataclass(frozen=True, kw_only=True)
class Params:
    """How many classes count."""

    k: int = param("how many classes of highest score count as the prediction", 5, minimum=1)


METRIC = Metric(
    doc="share of labels among the k classes of highest score", params=Params, span=(0, 1)
)
EXAMPLES = (
    ({"y": [[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]}, {"y": [1, 2]}, 0.5, {"k": 2}),
    ({"y": [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]}, {"y": [1, 2]}, 0.5, {"k": 2}),
)


def statistics(predictions: Arrays, truth: Arrays, params: Params) -> Array:
    """[N, 2]: labels that are among the highest, labels."""
    import numpy as np

    sums: Array = np.zeros(2)
    for name, predicted, wanted in _arrays.pairs(predictions, truth):
        scores, right = _arrays.squeezed(predicted), _arrays.squeezed(wanted)
        axis = _labels.class_axis(scores, right)
        if axis is None:
            raise _arrays.MetricError(
                f"the prediction of `{name}` has no score for each class",
                fields=_arrays.shapes(predicted, wanted),
            )
        scores = np.moveaxis(scores, axis, -1)
        if scores.shape[-1] <= params.k:
            raise _arrays.MetricError(
                f"top_k with k {params.k} of {scores.shape[-1]} classes is always 1",
                hint="give a smaller `k`: `quality.top_k: {min: ..., k: 3}`",
            )
        label = np.rint(right).astype(np.int64)[..., None]
        known = (label >= 0) & (label < scores.shape[-1])
        own = np.take_along_axis(scores, np.where(known, label, 0), axis=-1)
        before = np.arange(scores.shape[-1]) < label
        higher = ((scores > own) | ((scores == own) & before)).sum(axis=-1)
        hit = (higher < params.k) & known[..., 0] & ~np.isnan(scores).any(axis=-1)
        both = (hit, np.ones_like(hit, np.int64))
        sums = sums + np.stack([_arrays.by_sample(x) for x in both], axis=1)
    return sums


def score(statistics: Array, times: Array) -> Array:
    """Hits / labels."""
    hits, every = _arrays.totals(statistics, times).T
    return _arrays.ratio(hits, every)
