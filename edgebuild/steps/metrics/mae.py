"""Mean absolute error, over all values of all samples and names at once, in their own unit.

Predictions and truth are numbers of the same shape. Equal to scikit-learn's `mean_absolute_error`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

METRIC = Metric(doc="mean absolute error", better="lower")
EXAMPLES = (
    ({"x": [[1.0, 2.0]]}, {"x": [[1.5, 4.0]]}, 1.25),
    ({"x": [[1.0]], "y": [[0.0]]}, {"x": [[1.0]], "y": [[1.0]]}, 0.5),
)


def statistics(predictions: Arrays, truth: Arrays, params: Any) -> Array:
    """[N, 2]: sum of absolute errors, values."""
    import numpy as np

    sums: Array = np.zeros(2)
    for found, wanted in _arrays.same_shape(predictions, truth):
        both = (abs(found - wanted), np.ones_like(found))
        sums = sums + np.stack([_arrays.by_sample(x) for x in both], axis=1)
    return sums


def score(statistics: Array, times: Array) -> Array:
    """Errors / values."""
    errors, count = _arrays.totals(statistics, times).T
    return _arrays.ratio(errors, count)
