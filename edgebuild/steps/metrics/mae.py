"""Mean absolute error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="mean absolute error", unit="", better="lower")
EXAMPLES = (
    ({"x": [[1.0, 2.0]]}, {"x": [[1.5, 4.0]]}, 1.25),
    ({"x": [[1.0]], "y": [[0.0]]}, {"x": [[1.0]], "y": [[1.0]]}, 0.5),
)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """Over all values of all samples and names at once, in their own unit."""
    total, count = 0.0, 0
    for found, wanted in _arrays.same_shape(predictions, truth):
        total += float(abs(found - wanted).sum())
        count += found.size
    return _arrays.ratio(total, count)
