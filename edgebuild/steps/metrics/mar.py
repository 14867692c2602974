"""Mean average recall of boxes over intersections over union of 0.5 to 0.95, as COCO counts it (AR).

Predictions are `boxes` [N, K, 6] with rows class, score, x1, y1, x2, y2, and truth is `boxes` [N, M, 5] with
rows class, x1, y1, x2, y2, in any one unit; rows of class -1 are padding. In each sample the boxes of a
class, by falling score and `max_detections` at most, each take the free box of the truth that they overlap
most, if by the overlap asked for or
more: 0.5, 0.55, ... 0.95. Recall is the share of the truth's boxes that were taken, over all samples at once;
the figure is its mean over the overlaps and the classes.
Classes of which the truth has no box do not count. Boxes are matched by pycocotools; the figure
is its `AR at IoU 0.50:0.95` for areas of all sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.step import Metric
from edgebuild.steps.metrics import _boxes

if TYPE_CHECKING:
    from edgebuild.steps.metrics._arrays import Array, Arrays

METRIC = Metric(doc="mean average recall at IoU 0.5 to 0.95", params=_boxes.Params, span=(0, 1))
EXAMPLES = (
    (
        {"boxes": [[[0, 0.9, 0, 0, 10, 7.7], [0, 0.8, 20, 20, 30, 30]]]},
        {"boxes": [[[0, 0, 0, 10, 10], [0, 20, 20, 30, 30]]]},
        0.8,
    ),
)


def statistics(
    predictions: Arrays, truth: Arrays, params: _boxes.Params
) -> tuple[_boxes.Matches, ...]:
    """Matches at ten overlaps, see `_boxes.matches`."""
    import numpy as np

    return _boxes.matches(predictions, truth, np.linspace(0.5, 0.95, 10), params)


def score(statistics: tuple[_boxes.Matches, ...], times: Array) -> Array:
    """Mean average recall."""
    return _boxes.average_recall(statistics, times)
