"""Tversky index, which punishes misses more than false alarms: TP / (TP + 0.3 FP + 0.7 FN)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="Tversky index, alpha 0.3, beta 0.7", unit="", better="higher")
EXAMPLES = (
    ({"y": [1, 1, 1, 0]}, {"y": [1, 1, 0, 1]}, 0.6666666666666666),
    ({"y": [1, 1, 0, 0]}, {"y": [1, 0, 1, 1]}, 0.37037037037037035),
)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """Over all labels of all samples; label 0 is negative. Tversky 1977; weights of Salehi 2017."""
    tp, fp, fn, _ = _arrays.confusion(predictions, truth)
    return _arrays.ratio(tp, tp + 0.3 * fp + 0.7 * fn)
