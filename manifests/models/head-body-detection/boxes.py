"""Boxes of heads and bodies: from a network's maps to a list, and how good such a list is.

A box is a row (class, score, x1, y1, x2, y2) in pixels of the image; class 0 is a head, 1 a body,
-1 an empty row. The maps are those of `network.HeadBodyDetection`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
STRIDE = 4  # pixels a cell
CLASSES = 2
LIMIT = 24  # boxes of a class that are kept
LOWEST_SCORE = 0.05
LARGEST_OVERLAP = 0.55  # of two boxes of one class that are both kept
LARGEST_LOG2 = 10.0  # no side is longer, whatever a broken network says


def decode(outputs: Mapping[str, NDArray[np.generic]]) -> dict[str, Array]:
    """`heatmap` `[N, 1, 2, h, w]`, `size` and `offset` `[N, 1, 4, h, w]` to `boxes` `[N, 48, 6]`.

    Peaks of the heatmap among their eight neighbours, best first; equal neighbours, which 8 bits
    make, are all peaks, and what overlaps a better box of its class is dropped.
    """
    heatmap, size, offset = (
        np.asarray(outputs[name], np.float32)[:, 0] for name in ("heatmap", "size", "offset")
    )
    peak = heatmap >= _largest_around(heatmap)
    boxes = np.zeros((len(heatmap), CLASSES * LIMIT, 6), np.float32)
    boxes[..., 0] = -1
    for n in range(len(heatmap)):
        for label in range(CLASSES):
            found = _boxes(heatmap[n, label], peak[n, label], size[n], offset[n], label)
            boxes[n, label * LIMIT : label * LIMIT + len(found)] = found
    return {"boxes": boxes}


def average_precision(found: Array, truth: Array, label: int, overlap: float = 0.5) -> float:
    """Area below the interpolated precision-recall curve of one class, 0..1.

    `found` `[N, K, 6]` as `decode` makes it, `truth` `[N, M, 5]` of (class, x1, y1, x2, y2); by
    falling score each box takes the best one that is still free in its image. After Everingham
    et al. 2010, "The Pascal Visual Object Classes (VOC) Challenge", with precision at every recall.
    NaN if there is nothing to find.
    """
    rows = []
    total = 0
    for boxes, real in zip(found, truth, strict=True):
        mine, wanted = boxes[boxes[:, 0] == label], real[real[:, 0] == label][:, 1:]
        total += len(wanted)
        free = np.ones(len(wanted), bool)
        for box in mine[np.argsort(-mine[:, 1], kind="stable")]:
            overlaps = intersection_over_union(box[2:], wanted) * free
            best = int(overlaps.argmax()) if len(wanted) else -1
            hit = best >= 0 and bool(overlaps[best] >= overlap)
            if hit:
                free[best] = False
            rows.append((float(box[1]), hit))
    if not total:
        return float("nan")
    hits = np.array([hit for _, hit in sorted(rows, key=lambda row: -row[0])], bool)
    recall = np.concatenate([[0.0], np.cumsum(hits) / total])
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    best_beyond = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall) * best_beyond).sum())


def intersection_over_union(box: Array, boxes: Array) -> Array:
    """Of one box `[4]` with each of `boxes` `[M, 4]`: `[M]`, 0..1."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    common = np.clip(high - low, 0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    return np.asarray(common / np.maximum(areas - common, 1e-9), np.float32)


def _boxes(scores: Array, peak: NDArray[np.bool_], size: Array, offset: Array, label: int) -> Array:
    """Rows of one class in one image, best first."""
    y, x = np.nonzero(peak & (scores >= LOWEST_SCORE))
    order = np.argsort(-scores[y, x], kind="stable")[: 4 * LIMIT]
    y, x = y[order], x[order]
    channels = slice(2 * label, 2 * label + 2)
    sides = 2.0 ** np.clip(size[channels, y, x].T, 0, LARGEST_LOG2)
    centers = (np.stack([x, y], axis=1) + 0.5 + offset[channels, y, x].T) * STRIDE
    corners = np.concatenate([centers - sides / 2, centers + sides / 2], axis=1)
    kept: list[int] = []
    for i in range(len(corners)):
        if len(kept) == LIMIT:
            break
        others = corners[kept].reshape(-1, 4)
        if (intersection_over_union(corners[i], others) <= LARGEST_OVERLAP).all():
            kept.append(i)
    rows = np.zeros((len(kept), 6), np.float32)
    rows[:, 0], rows[:, 1] = label, scores[y, x][kept]
    rows[:, 2:] = corners[kept]
    return rows


def _largest_around(maps: Array) -> Array:
    """Largest value of each cell and its eight neighbours; nothing lies outside."""
    wide = np.pad(maps, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    rows = np.maximum(np.maximum(wide[..., :-2, :], wide[..., 1:-1, :]), wide[..., 2:, :])
    return np.asarray(np.maximum(np.maximum(rows[..., :-2], rows[..., 1:-1]), rows[..., 2:]))
