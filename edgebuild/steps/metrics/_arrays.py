"""Predictions beside their truth, sample by sample: what all metrics share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.errors import EdgebuildError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]
    Arrays: TypeAlias = Mapping[str, Array]


class MetricError(EdgebuildError):
    """Predictions and truth that cannot be compared."""


def pairs(predictions: Arrays, truth: Arrays) -> Iterator[tuple[str, Array, Array]]:
    """Name, prediction and truth for every name in `truth`, samples along axis 0 of both."""
    for name, wanted in truth.items():
        if name not in predictions:
            raise MetricError(
                f"there is truth for `{name}`, but no prediction",
                fields={"predictions": ", ".join(predictions)},
                hint="name the truth as the output, or give a `decode` function",
            )
        yield name, predictions[name], wanted


def same_shape(predictions: Arrays, truth: Arrays) -> Iterator[tuple[Array, Array]]:
    """Float64 pairs of equal shape; axes of length 1 behind the samples' do not matter."""
    import numpy as np

    for name, predicted, wanted in pairs(predictions, truth):
        found = predicted
        if found.shape != wanted.shape and squeezed(found).shape == squeezed(wanted).shape:
            found = found.reshape(wanted.shape)
        if found.shape != wanted.shape:
            raise MetricError(
                f"prediction and truth of `{name}` differ in shape", fields=shapes(found, wanted)
            )
        yield found.astype(np.float64), wanted.astype(np.float64)


def squared_errors(predictions: Arrays, truth: Arrays) -> Array:
    """[N, 2] of each sample: sum of squared errors over all names, values."""
    import numpy as np

    sums: Array = np.zeros(2)
    for found, wanted in same_shape(predictions, truth):
        both = ((found - wanted) ** 2, np.ones_like(found))
        sums = sums + np.stack([by_sample(x) for x in both], axis=1)
    return sums


def by_sample(values: Array) -> Array:
    """Sums over all axes but the samples'."""
    sums: Array = values.reshape(len(values), -1).sum(axis=1)
    return sums


def totals(statistics: Array, times: Array) -> Array:
    """Sums of `statistics` [N, ...] over samples that count `times` [R, N]: [R, ...]."""
    import numpy as np

    flat = statistics.reshape(len(statistics), -1).astype(np.float64)
    sums: Array = times.astype(np.float64) @ flat
    return sums.reshape(len(times), *statistics.shape[1:])


def ratio(part: Array, whole: Array) -> Array:
    """`part / whole`, not a number where there is nothing to divide by."""
    import numpy as np

    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    shares: Array = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole != 0)
    return shares


def mean_where_known(values: Array) -> Array:
    """Mean along the last axis of what is a number; not a number where nothing is."""
    import numpy as np

    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))


def squeezed(values: Array) -> Array:
    """Without axes of length 1, but for the samples'."""
    return values.reshape(len(values), *(n for n in values.shape[1:] if n != 1))


def shapes(predicted: Array, wanted: Array) -> dict[str, str]:
    """For messages."""
    return {"prediction": str(list(predicted.shape)), "truth": str(list(wanted.shape))}
