"""Lines: error over a network's depth, and how a figure went from build to build."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Collection, Sequence

from edgebuild.report.charts.plot import (
    HEIGHT,
    Scale,
    across,
    down,
    hline,
    path,
    plot,
    point,
    text,
)  # fmt: skip
from edgebuild.report.figures import quantile
from edgebuild.report.markup import element

_WIDE, _TALL, _AIR = 96.0, 24.0, 4.0


def depth(
    rows: Sequence[tuple[str, float | None, bool]],
    worst: Collection[int],
    *,
    limit: float | None,
    label: str,
) -> ET.Element:
    """SQNR of each layer over its place in the graph. A row is (name, dB, whether the artifact has values
    that are not finite); None is not drawn, what is far better than the rest is at the upper edge. `worst`
    are the rows to be marked, `limit` the threshold on the outputs."""
    finite = [v for _, v, _ in rows if v is not None and math.isfinite(v)]
    known = [*finite, *([limit] if limit is not None else [])] or [0.0, 60.0]
    low = min(0.0, 10 * math.floor(min(known) / 10))
    # One layer that is as good as equal must not flatten the others.
    high = min(max(known), 1.25 * quantile(sorted(known), 0.95) + 10)
    y = Scale(low=low, high=max(10 * math.ceil((high + 4) / 10), low + 40))
    x = Scale(low=0.5, high=max(len(rows) + 0.5, 1.5))
    places, dots = [], []
    for index, (name, value, broken) in enumerate(rows):
        if value is None and not broken:
            continue
        shown = y.low if value is None or (broken and not math.isfinite(value)) else value
        at, tall = x.at(index + 1), down(y, shown)
        places.append((at, tall))
        said = "not finite" if broken else "equal" if value == math.inf else f"{value:.1f} dB"
        kind = "bad" if broken else "worst" if index in worst else "dot"
        dots.append(
            point(
                across(x, index + 1), tall, f"{index + 1}: {name}, {said}", class_=kind,
                shape="cross" if broken else "circle", radius=4.5 if kind != "dot" else 2.2,
            )
        )  # fmt: skip
    threshold = []
    if limit is not None:
        tall = down(y, limit)
        threshold = [
            hline(tall, class_="mark"),
            text(
                "100%", tall + _beside(tall, places), f"threshold {limit:g} dB", class_="note end"
            ),
        ]
    line = [path(places, class_="line")] if len(places) > 1 else []
    return plot(
        x, y, [*threshold[:1], *line, *dots, *threshold[1:]], label=label, height=HEIGHT,
        x_title="layer, in the order of the graph", y_title="SQNR, dB",
    )  # fmt: skip


def _beside(tall: float, places: Sequence[tuple[float, float]]) -> float:
    """How far from a line its words stand: above it or below, where fewer of the last points are."""
    last = [down - tall for across, down in places if across > 0.6]
    above = sum(-22 < apart < 2 for apart in last)
    below = sum(-2 < apart < 22 for apart in last)
    return -5.0 if above <= below and tall > 20 else 15.0


def sparkline(values: Sequence[float | None], *, label: str) -> ET.Element | None:
    """How a figure went, oldest first; nothing if it was never measured."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    if not known:
        return None
    low, high = min(known), max(known)
    if high - low < 1e-9 * max(abs(high), 1e-9):
        low, high = low - 1, high + 1
    count = max(len(values) - 1, 1)
    places = [
        (
            _AIR + (_WIDE - 2 * _AIR) * (index / count if len(values) > 1 else 1.0),
            _AIR + (_TALL - 2 * _AIR) * (1 - (min(max(v, low), high) - low) / (high - low)),
        )
        for index, v in enumerate(values)
        if v is not None and not math.isnan(v)
    ]
    x, y = places[-1]
    line = None
    if len(places) > 1:
        line = element("polyline", points=" ".join(f"{a:.1f},{b:.1f}" for a, b in places))
    return element(
        "svg",
        line,
        element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="2.6"),
        class_="spark", role="img", aria_label=label, viewBox=f"0 0 {_WIDE:g} {_TALL:g}",
    )  # fmt: skip


def verdict_dots(verdicts: Sequence[tuple[bool, str]]) -> ET.Element:
    """A dot a build, oldest first: a filled one was accepted, a cross rejected. Each with its title."""
    marks = []
    for index, (good, title) in enumerate(verdicts):
        x = 6 + 12 * index
        name = element("title", title)
        if good:
            marks.append(element("circle", name, cx=str(x), cy="7", r="4", class_="passed"))
        else:
            marks.append(element("path", name, d=f"M{x - 4} 3l8 8M{x - 4} 11l8-8", class_="failed"))
    words = ", ".join("accepted" if good else "rejected" for good, _ in verdicts)
    return element(
        "svg", *marks, class_="dots", role="img", aria_label=f"oldest first: {words}",
        width=str(12 * len(verdicts)), height="14",
    )  # fmt: skip
