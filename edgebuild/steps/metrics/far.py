"""False acceptance rate: share of the true negatives taken for positives; label 0 is negative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="share of the negatives that were accepted", unit="", better="lower")
EXAMPLES = (({"y": [1, 0, 0, 0, 1]}, {"y": [0, 0, 0, 0, 1]}, 0.25),)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """FP / (FP + TN) over all samples; not a number if there are no negatives."""
    _, fp, _, tn = _arrays.confusion(predictions, truth)
    return _arrays.ratio(fp, fp + tn)
