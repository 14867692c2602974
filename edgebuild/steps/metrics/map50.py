"""Mean average precision of boxes at an intersection over union of 0.5, as COCO counts it (AP50).

Predictions are `boxes` [N, K, 6] with rows class, score, x1, y1, x2, y2, and truth is `boxes` [N, M, 5] with
rows class, x1, y1, x2, y2, in any one unit; rows of class -1 are padding. In each sample the boxes of a
class, by falling score and `max_detections` at most, each take the free box of the truth that they overlap
most by 0.5 or more. Average precision is the mean, at 101 recalls from 0 to 1, of the highest precision at
that recall or above; it is taken over all samples at once, and its mean over the classes.
Classes of which the truth has no box do not count. Boxes are matched by pycocotools; the figure
is its `AP at IoU 0.50` for areas of all sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.step import Metric
from edgebuild.steps.metrics import _boxes

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

METRIC = Metric(doc="mean average precision at IoU 0.5", params=_boxes.Params, span=(0, 1))
EXAMPLES = (
    (
        {"boxes": [[[0, 0.9, 0, 0, 2, 2], [0, 0.8, 8, 8, 9, 9], [-1, 0, 0, 0, 0, 0]]]},
        {"boxes": [[[0, 0, 0, 2, 2], [0, 4, 4, 6, 6]]]},
        0.504950495049505,
    ),
    (
        {"boxes": [[[1, 0.4, 0, 0, 2, 2], [1, 0.9, 5, 5, 6, 6], [0, 0.9, 3, 3, 5, 5]]]},
        {"boxes": [[[1, 0, 0, 2, 2], [0, 3, 3, 5, 5]]]},
        0.75,
    ),
)


def statistics(
    predictions: Arrays, truth: Arrays, params: _boxes.Params
) -> tuple[_boxes.Matches, ...]:
    """Matches at an overlap of 0.5, see `_boxes.matches`."""
    import numpy as np

    return _boxes.matches(predictions, truth, np.array([0.5]), params)


def score(statistics: tuple[_boxes.Matches, ...], times: Array) -> Array:
    """Mean average precision."""
    return _boxes.average_precision(statistics, times)
