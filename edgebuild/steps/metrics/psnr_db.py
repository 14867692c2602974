"""Peak signal-to-noise ratio of images in 0..1: 10 log10(1 / mean squared error)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="peak signal-to-noise ratio, peak 1.0", unit="dB", better="higher")
EXAMPLES = (
    ({"image": [[[0.5, 0.25]]]}, {"image": [[[0.5, 0.75]]]}, 9.030899869919436),
    ({"image": [[1.0]]}, {"image": [[0.0]]}, 0.0),
    ({"image": [[1.0]]}, {"image": [[1.0]]}, float("inf")),
)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """Over all values of all samples and names at once; inf where they are equal."""
    import math

    errors, count = 0.0, 0
    for found, wanted in _arrays.same_shape(predictions, truth):
        errors += float(((found - wanted) ** 2).sum())
        count += found.size
    return 10 * math.log10(count / errors) if errors else math.inf
