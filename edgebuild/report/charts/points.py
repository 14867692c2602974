"""Points: layers under a target's roof, and variants by quality, time and size."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

from edgebuild.report.charts.plot import (
    HEIGHT,
    Scale,
    Shape,
    across,
    around,
    down,
    hline,
    logarithmic,
    path,
    plot,
    point,
    text,
)  # fmt: skip
from edgebuild.report.figures import amount, bytes_text
from edgebuild.report.markup import element

_LONGEST = 22  # letters of a name beside its point
_SHAPES: tuple[Shape, ...] = ("circle", "square", "triangle", "diamond")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One point below a roof: `intensity` in operations a byte, `gops` in 1e9 operations a second,
    `share` of the whole's operations 0..1, `group` what it is coloured by."""

    name: str
    intensity: float
    gops: float
    share: float
    group: str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One variant. `time_ms` and `score` None = not measured; `measured` False = the time is an
    estimate."""

    name: str
    score: float | None
    interval: tuple[float, float] | None
    time_ms: float | None
    measured: bool
    size_bytes: int
    accepted: bool
    this: bool


def roofline(
    layers: Sequence[Layer],
    *,
    peak_gops: float,
    bandwidth_gb_s: float | None,
    groups: Sequence[str],
    label: str,
) -> ET.Element:
    """Log-log. Without a known bandwidth the roof is flat, and dashed lines say what some would allow."""
    reach = [layer.intensity for layer in layers]
    if bandwidth_gb_s:
        reach.append(peak_gops / bandwidth_gb_s)
    x = logarithmic(reach or [1.0, 100.0])
    y = logarithmic([*(layer.gops for layer in layers), peak_gops, peak_gops / 100])
    marks = []
    if bandwidth_gb_s:
        marks.append(_slope(x, y, bandwidth_gb_s, peak_gops, "roof"))
    else:
        for bandwidth in (1.0, 10.0, 100.0):
            marks += _guide(x, y, bandwidth, peak_gops)
        marks.append(hline(down(y, peak_gops), class_="roof"))
    said = f"peak {amount(peak_gops * 1e9, 'op/s')}"
    marks.append(text("100%", down(y, peak_gops) - 7, said, class_="note end"))
    for layer in sorted(layers, key=lambda layer: -layer.share):
        place = groups.index(layer.group)
        words = (
            f"{layer.name}: {layer.intensity:.3g} op/byte, {amount(layer.gops * 1e9, 'op/s')},"
            f" {100 * layer.share:.2g} % of the operations, {layer.group}"
        )
        marks.append(
            point(
                across(x, layer.intensity), down(y, layer.gops), words,
                class_=f"pale c{place % 8}", shape=_SHAPES[place % 4],
                radius=3 + 9 * math.sqrt(layer.share),
            )
        )  # fmt: skip
    return plot(
        x, y, marks, label=label, x_title="operations a byte of traffic", y_title="GOP/s",
    )  # fmt: skip


def choices(variants: Sequence[Choice], *, score: str, label: str) -> ET.Element | None:
    """Score over time, as large as the artifact; over size where no time is known. None if fewer than
    two have a score."""
    known = [v for v in variants if v.score is not None]
    if len(known) < 2:
        return None
    timed = all(v.time_ms is not None for v in known)
    across_of = {v.name: v.time_ms if timed else v.size_bytes / 1e6 for v in known}
    places = [a for a in across_of.values() if a is not None]
    # A small difference must not look like a large one.
    x = around(places, zero=min(places) < 0.4 * max(places), least=0.4 * max(places))
    ends = [end for v in known for end in (v.interval or ())]
    y = around([*(v.score for v in known if v.score is not None), *ends], least=0.004)
    largest = max(v.size_bytes for v in known) or 1
    marks: list[ET.Element] = []
    taken: list[tuple[float, float]] = []
    for v in sorted(known, key=lambda v: (v.this, v.name)):
        place, tall = x.at(across_of[v.name] or 0.0), down(y, v.score or 0.0)
        radius = 4 + 10 * math.sqrt(v.size_bytes / largest)
        if v.interval:
            marks.append(
                element(
                    "line", x1=f"{100 * place:.2f}%", x2=f"{100 * place:.2f}%", class_="whisker",
                    y1=f"{down(y, v.interval[0]):.1f}", y2=f"{down(y, v.interval[1]):.1f}",
                )
            )  # fmt: skip
        time = "time not measured" if v.time_ms is None else f"{v.time_ms:.4g} ms"
        words = f"{v.name}: {score} {v.score:.5g}, {time}, {bytes_text(v.size_bytes)}"
        kind = f"choice {'this' if v.this else ''} {'' if v.measured or not timed else 'guess'}"
        colour = "c0" if v.this else "c4"
        if not v.accepted:
            colour, words = "failed", f"{words}, rejected"
        marks.append(
            point(f"{100 * place:.2f}%", tall, words, class_=f"{kind} {colour}", radius=radius)
        )
        up = tall - radius - 7
        while any(abs(place - a) < 0.2 and abs(up - b) < 15 for a, b in taken):
            up -= 15
        taken.append((place, up))
        side = "" if place < 0.25 else "end" if place > 0.75 else "mid"
        words = f"name {side} {'this' if v.this else ''}"
        short = v.name if len(v.name) <= _LONGEST else f"{v.name[: _LONGEST - 1]}…"
        dx = {"": "-6", "end": "6", "mid": "0"}[side]
        marks.append(text(f"{100 * place:.2f}%", up, short, class_=words, dx=dx))
    title = "ms a frame" if timed else "MB"
    return plot(x, y, marks, label=label, x_title=title, y_title=score)


def _slope(x: Scale, y: Scale, bandwidth: float, peak: float, class_: str) -> ET.Element:
    """The roof: bandwidth times intensity up to the peak."""
    ridge = peak / bandwidth
    start = max(x.low, y.low / bandwidth)
    places = [(x.at(start), down(y, start * bandwidth))]
    if ridge < x.high:
        places += [(x.at(ridge), down(y, peak)), (1.0, down(y, peak))]
    else:
        places.append((1.0, down(y, x.high * bandwidth)))
    return path(places, class_=class_, height=HEIGHT)


def _guide(x: Scale, y: Scale, bandwidth: float, peak: float) -> list[ET.Element]:
    start, end = max(x.low, y.low / bandwidth), min(x.high, peak / bandwidth)
    if start >= end:
        return []
    line = path(
        [(x.at(start), down(y, start * bandwidth)), (x.at(end), down(y, end * bandwidth))],
        class_="guide",
    )
    middle = math.sqrt(start * end)
    return [
        line,
        text(
            across(x, middle), down(y, middle * bandwidth), f"{bandwidth:g} GB/s", dx="6", dy="10",
            class_="note dim",
        ),
    ]  # fmt: skip
