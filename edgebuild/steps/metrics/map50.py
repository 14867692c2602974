"""Mean average precision of boxes at an intersection over union of 0.5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.step import Metric
from edgebuild.steps.metrics import _arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRIC = Metric(doc="mean average precision at IoU 0.5", unit="", better="higher")
EXAMPLES = (
    (
        {"boxes": [[[0, 0.9, 0, 0, 2, 2], [0, 0.8, 8, 8, 9, 9], [-1, 0, 0, 0, 0, 0]]]},
        {"boxes": [[[0, 0, 0, 2, 2], [0, 4, 4, 6, 6]]]},
        0.5,
    ),
    (
        {"boxes": [[[1, 0.4, 0, 0, 2, 2], [1, 0.9, 5, 5, 6, 6], [0, 0.9, 3, 3, 5, 5]]]},
        {"boxes": [[[1, 0, 0, 2, 2], [0, 3, 3, 5, 5]]]},
        0.75,
    ),
)


def measure(predictions: Mapping[str, NDArray[Any]], truth: Mapping[str, NDArray[Any]]) -> float:
    """`boxes` [N, K, 6] with rows class, score, x1, y1, x2, y2 against `boxes` [N, M, 5] with rows
    class, x1, y1, x2, y2; rows of class -1 are padding.

    For each class of the truth, predictions by falling score each take the best free box of their
    image; average precision is the area under the precision envelope at all points (as in COCO and
    in PASCAL VOC since 2010). Not a number if the truth has no boxes.
    """
    import numpy as np

    if "boxes" not in truth:
        raise _arrays.MetricError("map50 needs truth called `boxes`")
    wanted = truth["boxes"].astype(np.float64)
    found = next(_arrays.pairs(predictions, {"boxes": wanted}))[1].astype(np.float64)
    if found.ndim != 3 or found.shape[2] != 6 or wanted.ndim != 3 or wanted.shape[2] != 5:
        raise _arrays.MetricError(
            "map50 needs `boxes` of [N, K, 6] and truth of [N, M, 5]",
            fields={"prediction": str(list(found.shape)), "truth": str(list(wanted.shape))},
        )
    classes = np.unique(wanted[..., 0])
    scores = [_average_precision(found, wanted, c) for c in classes[classes >= 0]]
    return _arrays.ratio(float(sum(scores)), len(scores))


def _average_precision(found: NDArray[Any], wanted: NDArray[Any], label: float) -> float:
    import numpy as np

    rows = [(i, row) for i, image in enumerate(found) for row in image if row[0] == label]
    rows.sort(key=lambda item: -item[1][1])  # stable: equal scores stay in the order given
    boxes = [image[image[:, 0] == label][:, 1:] for image in wanted]
    free: list[NDArray[Any]] = [np.ones(len(b), bool) for b in boxes]
    hits = np.zeros(len(rows))
    for place, (i, row) in enumerate(rows):
        overlap = np.where(free[i], _iou(row[2:], boxes[i]), 0.0)
        if overlap.size and overlap.max() >= 0.5:
            free[i][overlap.argmax()] = False
            hits[place] = 1
    right = np.cumsum(hits)
    recall = np.concatenate([[0.0], right / sum(len(b) for b in boxes)])
    precision = right / np.arange(1, len(rows) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall) * envelope))


def _iou(box: NDArray[Any], boxes: NDArray[Any]) -> NDArray[Any]:
    """Of one box [4] with each of `boxes` [M, 4]."""
    import numpy as np

    size = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    inside = np.prod(np.clip(size, 0, None), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    union = areas - inside
    shares: NDArray[Any] = np.divide(inside, union, out=np.zeros_like(union), where=union > 0)
    return shares
