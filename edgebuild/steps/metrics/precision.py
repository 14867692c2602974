"""Share of the positives found that are right; label 0 is negative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="share of the positives found that are right", unit="", better="higher")
EXAMPLES = (
    ({"y": [1, 1, 1, 0]}, {"y": [1, 1, 0, 1]}, 0.6666666666666666),
    ({"y": [0.9, 0.6, 0.2]}, {"y": [1, 0, 1]}, 0.5),
)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """TP / (TP + FP) over all samples; not a number if nothing was found."""
    tp, fp, _, _ = _arrays.confusion(predictions, truth)
    return _arrays.ratio(tp, tp + fp)
