"""Structural similarity of images in 0..1, as in Wang et al. 2004."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="structural similarity, peak 1.0", unit="", better="higher")
_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2
EXAMPLES = (
    (
        {"image": [[[[i / 16] * 11 for i in range(11)]]]},
        {"image": [[[[i / 16] * 11 for i in range(11)]]]},
        1.0,
    ),
    ({"image": [[[[1.0] * 11] * 11]]}, {"image": [[[[0.0] * 11] * 11]]}, 9.999000099990002e-05),
)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """Mean over all windows, channels, samples and names. Images are `[..., height, width]`.

    Gaussian window of 11 x 11 values, sigma 1.5; K1 = 0.01, K2 = 0.03; windows wholly inside.
    """
    import numpy as np

    total, count = 0.0, 0
    for x, y in _arrays.same_shape(predictions, truth):
        if x.ndim < 2 or min(x.shape[-2:]) < _WINDOW:
            raise _arrays.MetricError(
                f"ssim needs images of {_WINDOW} x {_WINDOW} values at least",
                fields={"shape": str(list(x.shape))},
            )
        mean_x, mean_y = _blur(x), _blur(y)
        var_x, var_y = _blur(x * x) - mean_x**2, _blur(y * y) - mean_y**2
        both = _blur(x * y) - mean_x * mean_y
        similar = (2 * mean_x * mean_y + _C1) * (2 * both + _C2)
        windows = similar / ((mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2))
        total += float(np.sum(windows))
        count += windows.size
    return _arrays.ratio(total, count)


def _blur(image: NDArray[Any]) -> NDArray[Any]:
    """Weighted mean of each window, along one axis after the other."""
    import numpy as np

    place: NDArray[Any] = np.arange(_WINDOW) - _WINDOW // 2
    kernel = np.exp(-(place**2) / (2 * _SIGMA**2))
    kernel /= kernel.sum()
    view = np.lib.stride_tricks.sliding_window_view
    rows: NDArray[Any] = view(image, _WINDOW, axis=-1) @ kernel
    means: NDArray[Any] = view(rows, _WINDOW, axis=-2) @ kernel
    return means
