"""Mean absolute error of angles given in radians, in degrees, the short way round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="mean absolute angular error", unit="degree", better="lower")
EXAMPLES = (
    ({"angle": [[0.0, 1.5707963267948966]]}, {"angle": [[0.0, 0.0]]}, 45.0),
    ({"angle": [[3.141592653589793]]}, {"angle": [[-3.141592653589793]]}, 0.0),
)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """Over all angles of all samples and names at once."""
    import numpy as np

    total, count = 0.0, 0
    for found, wanted in _arrays.same_shape(predictions, truth):
        turn = (found - wanted + np.pi) % (2 * np.pi) - np.pi
        total += float(np.degrees(abs(turn)).sum())
        count += found.size
    return _arrays.ratio(total, count)
