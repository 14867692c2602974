"""Labels of predictions and truth, and what is right and wrong of them in each sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgebuild.step import param
from edgebuild.steps.metrics._arrays import MetricError, by_sample, pairs, shapes, squeezed

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

# Columns of `counts`.
TP, FP, FN, TN, FALSE_ALARM = range(5)
# The label of a prediction that is not a number; it is never right.
_NO_ANSWER = -1
_MOST_LABELS = 100
# Labels within such a range are looked up in a table.
_FEW = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Params:
    """How scores become labels."""

    threshold: float = param(
        "from which score on label 1 is predicted, where a prediction is one score", 0.5
    )


def labels(predictions: Arrays, truth: Arrays, params: Params) -> Iterator[tuple[Array, Array]]:
    """Pairs of integer labels [N, ...] of equal shape; axes of length 1 do not matter.

    A prediction of the truth's shape is labels already, or, if of floats, scores of label 1: label
    1 from `params.threshold` on. A prediction with one axis more has a score for each class along
    it: the first behind the samples (channels of NCHW), else the last.
    """
    import numpy as np

    for name, predicted, wanted in pairs(predictions, truth):
        found, right = squeezed(predicted), squeezed(wanted)
        axis = class_axis(found, right)
        if found.shape == right.shape:
            if found.dtype.kind == "f":
                missing = np.isnan(found)
                found = np.where(missing, _NO_ANSWER, found >= params.threshold)
        elif axis is not None:
            missing = np.isnan(found).any(axis=axis)
            found = np.where(missing, _NO_ANSWER, found.argmax(axis=axis))
        else:
            raise MetricError(
                f"the prediction of `{name}` has neither labels nor scores for its truth",
                fields=shapes(predicted, wanted),
            )
        whole = np.rint(right) if right.dtype.kind == "f" else right
        yield found.astype(np.int64), whole.astype(np.int64)


def class_axis(found: Array, wanted: Array) -> int | None:
    """The axis of `found` with a score a class, if leaving it out gives the shape of `wanted`."""
    for axis in (1, found.ndim - 1):
        if 0 < axis < found.ndim and found.shape[:axis] + found.shape[axis + 1 :] == wanted.shape:
            return axis
    return None


def counts(predictions: Arrays, truth: Arrays, params: Params) -> Array:
    """[N, 5] of each sample: positives that are right, positives that are wrong, positives that were not
    found, negatives that are right, negatives taken for positives. Label 0 is negative.

    A positive of the wrong class is a wrong positive and one that was not found.
    """
    import numpy as np

    sums: Any = 0
    for found, wanted in labels(predictions, truth, params):
        right, alarm, positive = found == wanted, found != 0, wanted != 0
        columns = (
            right & positive,
            ~right & alarm,
            ~right & positive,
            right & ~positive,
            alarm & ~positive,
        )
        sums = sums + np.stack([by_sample(c) for c in columns], axis=1)
    return np.asarray(sums)


def overlaps(predictions: Arrays, truth: Arrays, params: Params) -> Array:
    """[N, C, 2] of each sample and each label that occurs anywhere: how often prediction and truth both
    have it, and how often at least one of them."""
    import numpy as np

    both = list(labels(predictions, truth, params))
    known = _distinct(side for pair in both for side in pair)
    shape = (len(both[0][0]), len(known))
    sums = np.zeros((*shape, 2))
    for pair in both:
        found, wanted = (_places(known, side).reshape(len(side), -1) for side in pair)
        first = np.arange(shape[0])[:, None] * shape[1]
        inside, *each = (
            np.bincount(places, minlength=sums[..., 0].size).reshape(shape)
            for places in (
                (first + found)[found == wanted],
                (first + found).ravel(),
                (first + wanted).ravel(),
            )
        )
        sums += np.stack([inside, sum(each) - inside], axis=2)
    return sums


def confusion(
    answers: Mapping[str, Arrays], truth: Arrays, params: Params
) -> dict[str, Any] | None:
    """`labels`, and for each of `answers` how often each label of the truth (rows) was predicted as each
    (columns), over all samples; None if there are too many labels for anyone to read it."""
    import numpy as np

    pairs_of = {who: list(labels(found, truth, params)) for who, found in answers.items()}
    known = _distinct(side for every in pairs_of.values() for pair in every for side in pair)
    if len(known) > _MOST_LABELS:
        return None
    document: dict[str, Any] = {"labels": known.tolist()}
    for who, every in pairs_of.items():
        matrix = np.zeros(len(known) ** 2, np.int64)
        for found, wanted in every:
            places = _places(known, wanted) * len(known) + _places(known, found)
            matrix += np.bincount(places.ravel(), minlength=len(matrix))
        document[who] = matrix.reshape(len(known), len(known)).tolist()
    return document


def _distinct(sides: Iterable[Array]) -> Array:
    """Labels that occur, sorted. Labels are few and small as a rule: counting them needs no sorting."""
    import numpy as np

    found = []
    for side in sides:
        low = side.min(initial=0)
        if side.max(initial=0) - low < _FEW:
            found.append(np.flatnonzero(np.bincount((side - low).ravel())) + low)
        else:
            found.append(np.unique(side))
    return np.unique(np.concatenate(found))


def _places(known: Array, side: Array) -> Array:
    """Of each label, the place it has in `known`."""
    import numpy as np

    if known[-1] - known[0] >= _FEW:
        return np.searchsorted(known, side)
    table = np.zeros(known[-1] - known[0] + 1, np.int64)
    table[known - known[0]] = np.arange(len(known))
    places: Array = table[side - known[0]]
    return places
