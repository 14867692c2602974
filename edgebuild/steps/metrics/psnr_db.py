"""Peak signal-to-noise ratio of images: 10 log10(peak^2 / mean squared error), inf where they are equal.

Predictions and truth are images of the same shape with values from 0 to `peak`; the mean is over all
values of all samples and names at once. Equal to scikit-image's `peak_signal_noise_ratio` of them all as
one image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgebuild.step import Metric, param
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays


@dataclass(frozen=True, kw_only=True)
class Params:
    """What the values of images are."""

    peak: float = param("largest value that an image can have", 1.0, minimum=1e-9)


METRIC = Metric(doc="peak signal-to-noise ratio", unit="dB", params=Params)
EXAMPLES = (
    ({"image": [[[0.5, 0.25]]]}, {"image": [[[0.5, 0.75]]]}, 9.030899869919436),
    ({"image": [[1.0]]}, {"image": [[0.0]]}, 0.0),
    ({"image": [[1.0]]}, {"image": [[1.0]]}, float("inf")),
    ({"image": [[255]]}, {"image": [[0]]}, 0.0, {"peak": 255.0}),
)


def statistics(predictions: Arrays, truth: Arrays, params: Params) -> Array:
    """[N, 2]: sum of squared errors as shares of the peak's square, values."""
    import numpy as np

    return _arrays.squared_errors(predictions, truth) / np.array([params.peak**2, 1.0])


def score(statistics: Array, times: Array) -> Array:
    """In dB."""
    import numpy as np

    errors, count = _arrays.totals(statistics, times).T
    with np.errstate(divide="ignore"):
        return 10 * np.log10(np.divide(count, errors))
