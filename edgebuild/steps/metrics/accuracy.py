"""Share of labels that are right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="share of labels that are right", unit="", better="higher")
EXAMPLES = (
    ({"y": [[0.1, 0.9], [0.8, 0.2]]}, {"y": [1, 1]}, 0.5),
    ({"y": [[0, 2, 1]]}, {"y": [[0, 2, 2]]}, 0.6666666666666666),
)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """Labels, probabilities of label 1, or a score for each class against integer labels."""
    right, count = 0, 0
    for found, wanted in _arrays.labels(predictions, truth):
        right += int((found == wanted).sum())
        count += wanted.size
    return _arrays.ratio(right, count)
