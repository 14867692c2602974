"""Share of the true positives that were missed; label 0 is negative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="share of the positives that were missed", unit="", better="lower")
EXAMPLES = (({"y": [1, 0, 1, 0]}, {"y": [1, 1, 0, 1]}, 0.6666666666666666),)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """FN / (FN + TP) over all samples; not a number if there are no positives."""
    tp, _, fn, _ = _arrays.confusion(predictions, truth)
    return _arrays.ratio(fn, fn + tp)
