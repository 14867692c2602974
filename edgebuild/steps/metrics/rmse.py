"""Root of the mean squared error, over all values of all samples and names at once, in their own unit.

Predictions and truth are numbers of the same shape. Equal to scikit-learn's
`root_mean_squared_error` of the values in one row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

METRIC = Metric(doc="root of the mean squared error", better="lower")
EXAMPLES = (({"x": [[1.0, 2.0]]}, {"x": [[4.0, 6.0]]}, 3.5355339059327378),)


def statistics(predictions: Arrays, truth: Arrays, params: Any) -> Array:
    """[N, 2], see `_arrays.squared_errors`."""
    return _arrays.squared_errors(predictions, truth)


def score(statistics: Array, times: Array) -> Array:
    """Root of errors / values."""
    import numpy as np

    errors, count = _arrays.totals(statistics, times).T
    return np.sqrt(_arrays.ratio(errors, count))
