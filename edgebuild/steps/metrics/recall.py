"""Share of the true positives that were found; label 0 is negative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="share of the positives that were found", unit="", better="higher")
EXAMPLES = (({"y": [1, 0, 1, 0]}, {"y": [1, 1, 0, 1]}, 0.3333333333333333),)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """TP / (TP + FN) over all samples; not a number if there are no positives."""
    tp, _, fn, _ = _arrays.confusion(predictions, truth)
    return _arrays.ratio(tp, tp + fn)
