"""Boxes of predictions matched with those of the truth by pycocotools, and COCO's figures of any samples.

pycocotools matches each sample once; precision and recall of samples that occur any number of times are then
summed here, by the rules of its `accumulate`, which can do that for a data set as it is only.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgebuild.step import param
from edgebuild.steps.metrics._arrays import MetricError, mean_where_known, pairs, ratio, shapes

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

# Resamples that are summed at once: what they need stays in the processor's cache.
_BATCH = 50


@dataclass(frozen=True, kw_only=True)
class Params:
    """Which predictions count."""

    max_detections: int = param(
        "how many boxes of each class count in a sample, those of highest score", 100, minimum=1
    )


@dataclass(frozen=True, kw_only=True)
class Matches:
    """Of one class: predictions by falling score.

    sample   [D] of which sample each is.
    matched  [T, D] whether it has a box of the truth to itself, at each of T overlaps.
    wanted   [N] boxes of the truth in each sample.
    """

    sample: Array
    matched: Array
    wanted: Array


def matches(
    predictions: Arrays, truth: Arrays, overlaps: Array, params: Params
) -> tuple[Matches, ...]:
    """One for each class that the truth has. `boxes` [N, K, 6] with rows class, score, x1, y1, x2, y2
    against `boxes` [N, M, 5] with rows class, x1, y1, x2, y2; rows of class -1 are padding.

    A prediction with a coordinate that is not finite overlaps nothing; a score that is not a number is
    the lowest.
    """
    import numpy as np

    found, wanted = _boxes(predictions, truth)
    classes = [int(c) for c in np.unique(wanted[..., 0]) if c >= 0]
    if not classes:
        return ()
    evaluated = _evaluated(found, wanted, classes, overlaps, params.max_detections)
    made = []
    for i in range(len(classes)):
        rows = evaluated[i * len(found) : (i + 1) * len(found)]
        scores = np.concatenate([[] if row is None else row["dtScores"] for row in rows])
        order = np.argsort(-scores, kind="mergesort")
        matched = [row["dtMatches"] > 0 for row in rows if row is not None]
        sample = [np.full(0 if r is None else len(r["dtScores"]), n) for n, r in enumerate(rows)]
        made.append(
            Matches(
                sample=np.concatenate(sample)[order],
                matched=np.concatenate(matched, axis=1)[:, order],
                wanted=np.array([0 if r is None else len(r["gtIds"]) for r in rows], np.float64),
            )
        )
    return tuple(made)


def average_precision(classes: tuple[Matches, ...], times: Array) -> Array:
    """[R] mean over classes and overlaps of the mean precision at 101 recalls from 0 to 1, for N samples
    that occur `times` [R, N]; classes without a box in those samples do not count."""
    import numpy as np

    return _mean(classes, times, lambda one, some: np.stack(list(_precisions(one, some)), axis=1))


def average_recall(classes: tuple[Matches, ...], times: Array) -> Array:
    """[R] mean over classes and overlaps of the share of boxes that were found, as above."""

    def recalls(one: Matches, some: Array) -> Array:
        found: Array = some[:, one.sample] @ one.matched.T.astype(np.float64)
        return ratio(found, np.broadcast_to((some @ one.wanted)[:, None], found.shape))

    import numpy as np

    return _mean(classes, times, recalls)


def _mean(classes: tuple[Matches, ...], times: Array, measure: Any) -> Array:
    """Mean over classes of the mean over overlaps of `measure(class, times)` [R, T], in batches."""
    import numpy as np

    if not classes:
        return np.full(len(times), np.nan)
    made = []
    for first in range(0, len(times), _BATCH):
        some = times[first : first + _BATCH].astype(np.float64)
        made.append(np.stack([measure(one, some).mean(axis=1) for one in classes], axis=1))
    return mean_where_known(np.concatenate(made))


def _precisions(one: Matches, times: Array) -> Iterator[Array]:
    """[R] at each overlap. Only predictions that match need be looked at: between two of them recall stays
    and precision falls."""
    import numpy as np

    every = (times @ one.wanted)[:, None]
    places = np.linspace(0.0, 1.0, 101)
    weight = times[:, one.sample]
    predicted = np.cumsum(weight, axis=1)
    for matched in one.matched:
        right = np.cumsum(weight[:, matched], axis=1)
        precision = right / (predicted[:, matched] + np.spacing(1))
        precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        precision = np.concatenate([precision, np.zeros((len(times), 1))], axis=1)
        recall = np.divide(right, every, out=np.zeros_like(right), where=every > 0)
        index = np.stack([np.searchsorted(row, places) for row in recall])
        mean = np.take_along_axis(precision, index, axis=1).mean(axis=1)
        yield np.where(every[:, 0] > 0, mean, np.nan)


def _boxes(predictions: Arrays, truth: Arrays) -> tuple[Array, Array]:
    """Float64, of the forms that `matches` says."""
    import numpy as np

    if "boxes" not in truth:
        raise MetricError(
            "there is no truth called `boxes`", fields={"truth": ", ".join(truth) or "nothing"}
        )
    ((_, found, wanted),) = pairs(predictions, {"boxes": truth["boxes"]})
    right = found.ndim == wanted.ndim == 3 and len(found) == len(wanted)
    if not right or found.shape[2] != 6 or wanted.shape[2] != 5:
        raise MetricError(
            "`boxes` must be [N, K, 6] and their truth [N, M, 5]",
            fields=shapes(found, wanted),
            hint="rows are class, score, x1, y1, x2, y2, without the score in the truth",
        )
    found, wanted = found.astype(np.float64), wanted.astype(np.float64)
    lost = ~np.isfinite(found[..., 2:]).all(axis=2)
    found[..., 2:][lost] = 0.0
    found[..., 1] = np.nan_to_num(found[..., 1], nan=-np.inf)
    return found, wanted


def _evaluated(
    found: Array, wanted: Array, classes: list[int], overlaps: Array, most: int
) -> list[Any]:
    """pycocotools' result of each class and, in it, each sample: None, or a dict of matches."""
    import numpy as np
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def data(boxes: Array, scores: bool) -> Any:
        rows: list[dict[str, Any]] = []
        for sample, row in ((i, row) for i, inside in enumerate(boxes) for row in inside):
            if row[0] in known:
                size = np.maximum(row[-2:] - row[-4:-2], 0.0)
                rows.append(
                    {
                        "id": len(rows) + 1,  # 0 would count as no match
                        "image_id": sample,
                        "category_id": int(row[0]),
                        "bbox": [*row[-4:-2], *size],
                        "area": float(np.prod(size)),
                        "iscrowd": 0,
                        **({"score": row[1]} if scores else {}),
                    }
                )
        made = COCO()
        made.dataset = {
            "images": [{"id": i} for i in range(len(boxes))],
            "categories": [{"id": c} for c in classes],
            "annotations": rows,
        }
        made.createIndex()
        return made

    known = set(classes)
    with contextlib.redirect_stdout(sys.stderr):  # it tells its progress
        evaluation = COCOeval(data(wanted, False), data(found, True), "bbox")
        evaluation.params.iouThrs = overlaps
        evaluation.params.maxDets = [most]
        evaluation.params.areaRng = [[0.0, np.inf]]
        evaluation.params.areaRngLbl = ["all"]
        evaluation.evaluate()
    rows: list[Any] = evaluation.evalImgs
    return rows
