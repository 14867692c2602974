"""Predictions beside their truth, and labels of either: what the metrics share."""

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
    """Float64 pairs of equal shape."""
    import numpy as np

    for name, predicted, wanted in pairs(predictions, truth):
        if predicted.shape != wanted.shape:
            raise MetricError(
                f"prediction and truth of `{name}` differ in shape",
                fields={
                    "prediction": str(list(predicted.shape)),
                    "truth": str(list(wanted.shape)),
                },
            )
        yield predicted.astype(np.float64), wanted.astype(np.float64)


def labels(predictions: Arrays, truth: Arrays) -> Iterator[tuple[Array, Array]]:
    """Pairs of integer labels of equal shape.

    A prediction of the truth's shape is labels already, or, if of floats, probabilities: label 1
    from 0.5 on. A prediction with one axis more has a score for each class along it: axis 2
    (channels of NCHW behind the samples' axis) or else the last one.
    """
    import numpy as np

    for name, predicted, wanted in pairs(predictions, truth):
        found = _labels(predicted, wanted.shape)
        if found is None:
            raise MetricError(
                f"the prediction of `{name}` has neither labels nor scores for its truth",
                fields={
                    "prediction": str(list(predicted.shape)),
                    "truth": str(list(wanted.shape)),
                },
            )
        yield found, np.rint(wanted).astype(np.int64)


def confusion(predictions: Arrays, truth: Arrays) -> tuple[int, int, int, int]:
    """True positives, false positives, false negatives, true negatives; label 0 is negative.

    A positive of the wrong class is a false positive and a false negative.
    """
    tp = fp = fn = tn = 0
    for found, wanted in labels(predictions, truth):
        right = found == wanted
        tp += int((right & (wanted != 0)).sum())
        tn += int((right & (wanted == 0)).sum())
        fp += int((~right & (found != 0)).sum())
        fn += int((~right & (wanted != 0)).sum())
    return tp, fp, fn, tn


def ratio(part: float, whole: float) -> float:
    """`part / whole`, not a number where there is nothing to divide by."""
    return part / whole if whole else float("nan")


def _labels(predicted: Array, shape: tuple[int, ...]) -> Array | None:
    import numpy as np

    if predicted.shape == shape:
        if predicted.dtype.kind == "f":
            return (predicted >= 0.5).astype(np.int64)
        return predicted.astype(np.int64)
    for axis in (2, predicted.ndim - 1):
        if axis < predicted.ndim and predicted.shape[:axis] + predicted.shape[axis + 1 :] == shape:
            return predicted.argmax(axis)
    return None
