"""Mean angular error in degrees, the short way round.

Predictions and truth are `radians` or `degrees` of the same shape, or `vectors` of any length with their
coordinates along the last axis, between which the angle is measured (as for directions of gaze). The mean
is over all angles of all samples and names at once. A vector of length 0 has no direction: the error
is then not a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edgebuild.step import Metric, param
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays


@dataclass(frozen=True, kw_only=True)
class Params:
    """What the values are."""

    of: Literal["radians", "degrees", "vectors"] = param("what the values are", "radians")


METRIC = Metric(
    doc="mean angular error", unit="degree", better="lower", params=Params, span=(180, 0)
)
EXAMPLES = (
    ({"angle": [[0.0, 1.5707963267948966]]}, {"angle": [[0.0, 0.0]]}, 45.0),
    ({"angle": [[3.141592653589793]]}, {"angle": [[-3.141592653589793]]}, 0.0),
    ({"angle": [[359.0], [10.0]]}, {"angle": [[1.0], [10.0]]}, 1.0, {"of": "degrees"}),
    ({"gaze": [[1.0, 1.0, 0.0]]}, {"gaze": [[0.0, 2.0, 0.0]]}, 45.0, {"of": "vectors"}),
)


def statistics(predictions: Arrays, truth: Arrays, params: Params) -> Array:
    """[N, 2]: sum of errors in degrees, angles."""
    import numpy as np

    sums: Array = np.zeros(2)
    for found, wanted in _arrays.same_shape(predictions, truth):
        if params.of == "vectors":
            errors = np.degrees(_between(found, wanted))
        else:
            turn = 360.0 if params.of == "degrees" else 2 * np.pi
            errors = abs((found - wanted + turn / 2) % turn - turn / 2) * (360.0 / turn)
        both = (errors, np.ones_like(errors))
        sums = sums + np.stack([_arrays.by_sample(x) for x in both], axis=1)
    return sums


def score(statistics: Array, times: Array) -> Array:
    """Errors / angles."""
    errors, count = _arrays.totals(statistics, times).T
    return _arrays.ratio(errors, count)


def _between(a: Array, b: Array) -> Array:
    """Angles between vectors along the last axis, by 2 atan2(|u - v|, |u + v|) of their unit vectors:
    exact where the cosine is flat (Kahan, How Futile are Mindless Assessments of Roundoff, 2006)."""
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        u, v = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b))
    angles: Array = 2 * np.arctan2(np.linalg.norm(u - v, axis=-1), np.linalg.norm(u + v, axis=-1))
    return angles
