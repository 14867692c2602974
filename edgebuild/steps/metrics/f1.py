"""Harmonic mean of precision and recall; label 0 is negative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="harmonic mean of precision and recall", unit="", better="higher")
EXAMPLES = (
    ({"y": [1, 0, 1, 0]}, {"y": [1, 1, 0, 1]}, 0.4),
    ({"y": [1, 0]}, {"y": [1, 0]}, 1.0),
)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """2 TP / (2 TP + FP + FN) over all samples."""
    tp, fp, fn, _ = _arrays.confusion(predictions, truth)
    return _arrays.ratio(2 * tp, 2 * tp + fp + fn)
