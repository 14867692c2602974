"""One evaluation sample as the views of a gallery: inputs, boxes, each output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats.gallery import Gallery
from edgebuild.step import Contract, Tensor
from edgebuild.steps import drawing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]
    Arrays: TypeAlias = Mapping[str, Array]
    View: TypeAlias = dict[str, Any]

_LOWEST_SCORE = 0.3  # of a box that is drawn
_SAME_PLACE = 0.5  # intersection over union, from which on two boxes are of one thing
_MOST_PAIRS = 32
_MOST_OUTPUTS = 6
_MOST_BESIDE_BOXES = 2
_BAND = 16  # pixels a value of a strip


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """Of one sample: `source` and `artifact` [K, 6] of class, score, corners; `truth` [M, 5] of class,
    corners. Rows of class -1 are padding."""

    source: Array
    artifact: Array
    truth: Array | None


@dataclass(frozen=True, kw_only=True)
class Answers:
    """One sample: arrays by name, each of the shape that `contract` says; boxes, if answers are such."""

    inputs: Arrays
    source: Arrays
    artifact: Arrays
    truth: Arrays
    boxes: Boxes | None
    contract: Contract


def views(gallery: Gallery, one: Answers, side: int) -> list[View]:
    """All views of the sample, in order; pictures are put into `gallery`, none with a longer side."""
    made = [v for name in one.inputs if (v := _input(gallery, one, name, side)) is not None]
    base = next((v for v in made if v.pop("image", False)), None)
    for v in made:
        v.pop("image", None)
    most = _MOST_OUTPUTS
    if one.boxes is not None and base is not None:
        made += _box_views(base, one.boxes)
        most = _MOST_BESIDE_BOXES
    for name in list(one.source)[:most]:
        made += _output(gallery, one, name, base, side)
    return made


def _input(gallery: Gallery, one: Answers, name: str, side: int) -> View | None:
    array, tensor = one.inputs[name], one.contract.inputs.get(name)
    if tensor is None:
        return None
    title = f"input {name}"
    if drawing.is_image(array, tensor) and (tensor.color != "none" or _is_colors(array, tensor)):
        pixels = drawing.image(array, tensor, side)
        planes = drawing.channels(array, tensor)
        assert planes is not None
        single = len(planes) == 1 or pixels.ndim == 3
        height, width = planes.shape[1:] if single else pixels.shape[:2]
        view = _view(title, width, height, [gallery.picture(pixels)])
        return {**view, "image": single}
    if drawing.is_signal(array):
        return _map(
            gallery, f"{title}, spectrogram", drawing.spectrogram(array.ravel())[None], side
        )
    planes = drawing.channels(array, tensor)
    if planes is not None:
        return _map(gallery, title, planes, side)
    if array.size <= _MOST_PAIRS:
        values = ", ".join(f"{value:.4g}" for value in array.ravel().astype(float))
        return {"title": title, "note": values}
    return _map(gallery, title, drawing.strip(array)[None], side)


def _output(
    gallery: Gallery, one: Answers, name: str, base: View | None, side: int
) -> Iterator[View]:
    """Source's, artifact's, difference; the truth first where it has the same form."""
    import numpy as np

    source, artifact = one.source[name], one.artifact.get(name)
    if artifact is None or artifact.shape != source.shape:
        return
    if source.size <= _MOST_PAIRS:
        pairs = zip(source.ravel().astype(float), artifact.ravel().astype(float), strict=True)
        rows = [[str(i), _finite(a), _finite(b)] for i, (a, b) in enumerate(pairs)]
        yield {"title": f"{name}: source and artifact", "pairs": rows}
        return
    tensor = one.contract.outputs.get(name) or Tensor(shape=source.shape)
    sides = {"source": source, "artifact": artifact}
    truth = one.truth.get(name)
    if truth is not None and truth.shape == source.shape:
        sides = {"truth": truth, **sides}
    for who, array in sides.items():
        yield _answer(gallery, one, tensor, f"{name}: {who}", array, source, base, side)
    with np.errstate(invalid="ignore"):
        apart = np.abs(artifact.astype(np.float64) - source.astype(np.float64))
    largest = drawing.limits(apart)[1]
    planes = drawing.channels(apart, tensor)
    planes = drawing.strip(apart)[None] if planes is None else planes
    note = f"brightest {largest:.3g}" if largest else "none"
    yield _map(gallery, f"{name}: difference", planes, side, (0.0, largest), note, glow=True)


def _answer(
    gallery: Gallery,
    one: Answers,
    tensor: Tensor,
    title: str,
    array: Array,
    like: Array,
    base: View | None,
    side: int,
) -> View:
    """An answer as what `like`, the source's, looks to be."""
    planes, model = drawing.channels(array, tensor), drawing.channels(like, tensor)
    if planes is None or model is None:
        return _map(gallery, title, drawing.strip(array)[None], side, drawing.limits(like))
    if base is not None and _fits(model, base) and (kind := _mask_of(model)):
        made = drawing.mask(planes[-1], side) if kind == "share" else drawing.classes(planes, side)
        overlay = gallery.picture(*made)
        return {**base, "title": title, "layers": [*base["layers"], overlay], "boxes": []}
    twin = next((t for t in one.contract.inputs.values() if t.shape == tensor.shape), None)
    if drawing.is_image(like, tensor) and (twin or tensor.color != "none" or len(model) == 3):
        pixels = drawing.image(array, twin or tensor, side, like)
        height, width = pixels.shape[:2]
        return _view(title, width, height, [gallery.picture(pixels)])
    return _map(gallery, title, planes, side, drawing.limits(like))


def _mask_of(planes: Array) -> str:
    """`share`: the last channel is a probability; `classes`: each is that of a class."""
    low, high = drawing.limits(planes)
    if low < -1e-3 or high > 1.001:
        return ""
    if len(planes) == 1:
        return "share"
    sums = planes.astype(float).sum(axis=0)
    if abs(sums - 1).max() > 0.02:
        return ""
    return "share" if len(planes) == 2 else "classes"


def _fits(planes: Array, base: View) -> bool:
    """Whether a map has the form of the image."""
    height, width = planes.shape[1:]
    shares = (width / base["width"], height / base["height"])
    return bool(abs(shares[0] - shares[1]) < 0.02 * max(shares))


def _box_views(base: View, boxes: Boxes) -> Iterator[View]:
    sides = {"source": _rows(boxes.source), "artifact": _rows(boxes.artifact)}
    if boxes.truth is not None:
        truth = [
            {"at": _corners(row[1:]), "class": int(row[0]), "score": None}
            for row in boxes.truth
            if row[0] >= 0
        ]
        yield {**base, "title": "boxes: truth", "boxes": truth}
    for who, rows in sides.items():
        yield {
            **base,
            "title": f"boxes: {who}",
            "note": f"score {_LOWEST_SCORE:g} or more",
            "boxes": rows,
        }
    alone, moved = _unmatched(sides["source"], sides["artifact"])
    count = max(len(rows) for rows in sides.values())
    note = f"{len(alone)} without a counterpart" if alone else "each has its counterpart"
    if count > 0 and moved is not None:
        note += f", edges move by up to {moved:.1f} px"
    yield {**base, "title": "boxes: difference", "note": note if count else "none", "boxes": alone}


def _rows(found: Array) -> list[View]:
    return [
        {"at": _corners(row[2:]), "class": int(row[0]), "score": round(float(row[1]), 4)}
        for row in found
        if row[0] >= 0 and row[1] >= _LOWEST_SCORE
    ]


def _unmatched(source: list[View], artifact: list[View]) -> tuple[list[View], float | None]:
    """Boxes of one side only, and by how much the edges of the others move, in pixels."""
    free = list(artifact)
    alone, moved = [], None
    for box in source:
        near = [b for b in free if b["class"] == box["class"]]
        best = max(near, key=lambda b: _overlap(box["at"], b["at"]), default=None)
        if best is None or _overlap(box["at"], best["at"]) < _SAME_PLACE:
            alone.append({**box, "side": "source"})
            continue
        free.remove(best)
        apart = max(abs(a - b) for a, b in zip(box["at"], best["at"], strict=True))
        moved = max(moved or 0.0, apart)
    return [*alone, *({**b, "side": "artifact"} for b in free)], moved


def _overlap(one: list[float], other: list[float]) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    inside = max(0.0, width) * max(0.0, height)
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return inside / (areas - inside) if areas > inside else 0.0


def _corners(row: Array) -> list[float]:
    return [round(float(value), 2) for value in row]


def _map(
    gallery: Gallery,
    title: str,
    planes: Array,
    side: int,
    limits: tuple[float, float] | None = None,
    note: str = "",
    *,
    glow: bool = False,
) -> View:
    """Values as colours, from the smallest to the largest."""
    low, high = limits or drawing.limits(planes)
    pixels = drawing.heat(planes, low, high, side)
    height, width = pixels.shape
    # A few long rows would be a hair.
    tall = height * _BAND if height * 8 < width else height
    made = _view(title, width, tall, [gallery.picture(pixels, drawing.palette(glow=glow))])
    return {**made, "note": note or f"{low:.3g} … {high:.3g}"}


def _view(title: str, width: int, height: int, layers: list[str]) -> View:
    return {"title": title, "width": width, "height": height, "layers": layers, "boxes": []}


def _is_colors(array: Array, tensor: Tensor) -> bool:
    """Three channels of 0..255, whatever the manifest says of colours."""
    planes = drawing.channels(array, tensor)
    low, high = drawing.limits(array)
    return planes is not None and len(planes) == 3 and low >= 0 and high <= 255


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
