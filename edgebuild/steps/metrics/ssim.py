"""Structural similarity of images, as in Wang et al. 2004, by scikit-image.

Predictions and truth are images `[..., height, width]` of the same shape with values from 0 to `peak`,
each side at least 11. Gaussian windows of 11 x 11 values, sigma 1.5, wholly inside; K1 = 0.01, K2 = 0.03;
each channel by itself; the mean is over all windows of all channels, samples and names. It is
scikit-image's `structural_similarity` with `gaussian_weights`, without `use_sample_covariance`.
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


METRIC = Metric(doc="structural similarity", params=Params, span=(-1, 1))
EXAMPLES = (
    (
        {"image": [[[[i / 16] * 11 for i in range(11)]]]},
        {"image": [[[[i / 16] * 11 for i in range(11)]]]},
        1.0,
    ),
    ({"image": [[[[1.0] * 11] * 11]]}, {"image": [[[[0.0] * 11] * 11]]}, 9.999000099990002e-05),
)
_WINDOW, _SIGMA = 11, 1.5


def statistics(predictions: Arrays, truth: Arrays, params: Params) -> Array:
    """[N, 2]: sum over windows, windows."""
    import numpy as np
    from skimage.metrics import structural_similarity

    sums: Array = np.zeros(2)
    for found, wanted in _arrays.same_shape(predictions, truth):
        if found.ndim < 3 or min(found.shape[-2:]) < _WINDOW:
            raise _arrays.MetricError(
                f"ssim needs images of {_WINDOW} x {_WINDOW} values at least",
                fields={"shape": str(list(found.shape))},
            )
        planes = (len(found), -1, *found.shape[-2:])
        means = [
            structural_similarity(
                x,
                y,
                data_range=params.peak,
                gaussian_weights=True,
                sigma=_SIGMA,
                use_sample_covariance=False,
                channel_axis=0,
            )
            for x, y in zip(found.reshape(planes), wanted.reshape(planes), strict=True)
        ]
        height, width = (n - _WINDOW + 1 for n in found.shape[-2:])
        count = found[0].size // (found.shape[-2] * found.shape[-1]) * height * width
        sums = sums + np.array([[mean * count, count] for mean in means])
    return sums


def score(statistics: Array, times: Array) -> Array:
    """Mean over all windows."""
    total, count = _arrays.totals(statistics, times).T
    return _arrays.ratio(total, count)
