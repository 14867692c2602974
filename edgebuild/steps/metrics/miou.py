"""Intersection over union of segmentations, mean over the classes that occur."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="mean intersection over union", unit="", better="higher")
EXAMPLES = (
    ({"mask": [[[0, 1], [1, 1]]]}, {"mask": [[[0, 0], [1, 1]]]}, 0.5833333333333333),
    ({"mask": [[[[[0.9, 0.2]], [[0.1, 0.8]]]]]}, {"mask": [[[[0, 1]]]]}, 1.0),
)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """Labels, probabilities of label 1, or a score for each class against integer labels.

    Intersections and unions are summed over all samples before they are divided.
    """
    import numpy as np

    inside: dict[int, int] = {}
    union: dict[int, int] = {}
    for found, wanted in _arrays.labels(predictions, truth):
        for label in np.union1d(found, wanted).tolist():
            a, b = found == label, wanted == label
            inside[label] = inside.get(label, 0) + int((a & b).sum())
            union[label] = union.get(label, 0) + int((a | b).sum())
    shares = [inside[label] / union[label] for label in union]
    return _arrays.ratio(sum(shares), len(shares))
