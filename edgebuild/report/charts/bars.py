"""Bars: how far a gate is from its limit, shares of a whole, how often a figure lies where."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgebuild.report.charts.plot import Scale, across, hline, plot, text
from edgebuild.report.figures import between, figure, number, percent
from edgebuild.report.markup import element

_HEIGHT = 160


def margin(finding: Mapping[str, Any]) -> float | None:
    """How far on the good side of its bound a value is, in bounds; negative on the bad side. Infinite
    against a bound of 0; None where there is no plain bound or no value."""
    bound, value = figure(finding.get("bound")), figure(finding["value"])
    if bound is None or value is None:
        return None
    return _apart(finding, bound, value)


def margin_bar(finding: Mapping[str, Any]) -> ET.Element | None:
    """A bar from the limit in the middle: to the right on the good side, to the left on the bad one; its
    length grows as the root of the margin and is full at once the bound. A whisker is the interval.
    None where there is nothing to show: no bound, or 0 where 0 is asked."""
    gap = margin(finding)
    if gap is None or (gap == 0 and not figure(finding["bound"])):
        return None
    end = _place(gap)
    low, high = min(end, 50.0), max(end, 50.0)
    ends = between(finding.get("interval"))
    whisker = None
    if ends is not None:
        bound = figure(finding["bound"]) or 0.0
        places = sorted(_place(_apart(finding, bound, value)) for value in ends)
        whisker = element(
            "path",
            d=f"M{places[0]:.1f} 4v6M{places[0]:.1f} 7H{places[1]:.1f}M{places[1]:.1f} 4v6",
            class_="whisker",
        )
    words = f"{number(finding['value'], finding['unit'])} against {finding['limit']}"
    if ends is not None:
        words += f", 95 % between {number(ends[0])} and {number(ends[1])}"
    return element(
        "svg",
        element("title", words),
        element("rect", class_="track", x="0", y="4", width="100", height="6", rx="3"),
        element(
            "rect", class_=f"fill {finding['verdict']}", x=f"{low:.1f}", y="4", height="6",
            width=f"{max(high - low, 2):.1f}", rx="1",
        ),
        element("path", d="M50 0V14", class_="limit"),
        whisker,
        viewBox="0 0 100 14", preserveAspectRatio="none", class_="margin", role="img",
        aria_label=words,
    )  # fmt: skip


def margin_text(finding: Mapping[str, Any]) -> str:
    """`+12 %`, `−3 %`; empty where a share of the bound says nothing."""
    gap = margin(finding)
    if gap is None or math.isinf(gap):
        return ""
    if gap == 0:
        return "at limit" if figure(finding["bound"]) else ""
    sign = "+" if gap > 0 else "−"
    size = abs(gap)
    return f"{sign}{size:.0f}x" if size >= 10 else f"{sign}{100 * size:.3g} %"


def stacked_bar(
    parts: Sequence[tuple[str, float]],
    *,
    label: str,
    text: Callable[[float], str] = number,
    colors: Mapping[str, int] | None = None,
    legend: bool = True,
) -> ET.Element:
    """One bar of parts in the order given, with a legend that gives each its figure and share.
    `colors` are places in the palette; else parts are numbered."""
    parts = [(name, max(value, 0.0)) for name, value in parts]
    total = sum(value for _, value in parts) or 1.0
    rects, entries, x = [], [], 0.0
    for index, (name, value) in enumerate(parts):
        color = f"c{(colors or {}).get(name, index) % 8}"
        words = f"{name}: {text(value)}, {percent(value / total)}"
        rects.append(
            element(
                "rect", element("title", words), x=f"{100 * x / total:.3f}%", y="0",
                width=f"{100 * value / total:.3f}%", height="100%", class_=color,
            )
        )  # fmt: skip
        entries.append(
            element(
                "li", element("i", class_=color), element("b", name), f" {text(value)}",
                element("span", f" {percent(value / total)}", class_="dim"),
            )
        )  # fmt: skip
        x += value
    spoken = f"{label}: " + ", ".join(f"{name} {text(value)}" for name, value in parts)
    picture = element("svg", *rects, class_="stack", role="img", aria_label=spoken)
    return element(
        "div", picture, element("ul", *entries, class_="legend") if legend else None, class_="stacked"
    )  # fmt: skip


def share_bar(share: float, words: str, *, class_: str = "c0") -> ET.Element:
    """A small bar for a table's cell."""
    width = 100 * min(1.0, max(0.0, share))
    return element(
        "svg",
        element("title", words),
        element("rect", class_="track", x="0", y="0", width="100", height="6", rx="3"),
        element("rect", class_=class_, x="0", y="0", width=f"{width:.1f}", height="6"),
        viewBox="0 0 100 6", preserveAspectRatio="none", class_="share", role="img",
        aria_label=words,
    )  # fmt: skip


def histogram(
    values: Sequence[float], marks: Sequence[tuple[str, float]], *, unit: str, label: str
) -> ET.Element:
    """How often a figure lies where, with named figures marked. `values`: two or more."""
    ordered = sorted([*values, *(value for _, value in marks)])
    low, high = ordered[0], ordered[-1]
    air = max((high - low) * 0.04, abs(high) * 0.005, 1e-9)
    x = Scale(low=low - air, high=high + air)
    bins = max(8, min(48, round(2 * math.sqrt(len(ordered)) + 8)))
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int(x.at(value) * bins))] += 1
    y = Scale(low=0, high=max(counts) * 1.15)
    drawn = []
    for place, count in enumerate(counts):
        if count:
            tall = _HEIGHT * y.at(count)
            edges = [x.low + (x.high - x.low) * (place + k) / bins for k in (0, 1)]
            words = f"{count} of {len(values)} between {edges[0]:.4g} and {edges[1]:.4g} {unit}"
            drawn.append(
                element(
                    "rect", element("title", words), x=f"{100 * place / bins + 0.1:.2f}%",
                    width=f"{100 / bins - 0.2:.2f}%", y=f"{_HEIGHT - tall:.1f}",
                    height=f"{tall:.1f}", class_="c0",
                )
            )  # fmt: skip
    lines = []
    for row, (name, value) in enumerate(marks):
        words = f"{name} {value:.4g} {unit}"
        right = x.at(value) > 0.7
        lines.append(
            element(
                "line", x1=across(x, value), x2=across(x, value), y1=str(14 * row), y2=str(_HEIGHT),
                class_="mark",
            )
        )  # fmt: skip
        lines.append(
            text(
                across(x, value), 14 * row + 8, words, dx="-6" if right else "6",
                class_="note end" if right else "note",
            )
        )  # fmt: skip
    figures = ", ".join(f"{name} {value:.4g} {unit}" for name, value in marks)
    return plot(
        x, y, [*drawn, *lines], label=f"{label}: {figures}", x_title=unit, y_title="frames",
        height=_HEIGHT,
    )  # fmt: skip


def lollipops(
    values: Sequence[tuple[str, float | None, float | None]], *, label: str
) -> ET.Element:
    """Pairs of values as bars from 0, one below the other: name, source's, artifact's. None has no bar."""
    known = [v for _, *pair in values for v in pair if v is not None]
    largest = max(map(abs, known), default=0) or 1.0
    negative = any(v < 0 for v in known)
    x = Scale(low=-largest if negative else 0.0, high=largest)
    height = 14 * len(values)
    drawn = [hline(14.0 * k, class_="grid") for k in range(1, len(values))]
    zero = x.at(0)
    for row, (name, *pair) in enumerate(values):
        for part, value in enumerate(pair):
            if value is None:
                continue
            left, right = sorted((zero, x.at(value)))
            words = f"{name}: {('source', 'artifact')[part]} {value:.5g}"
            drawn.append(
                element(
                    "rect", element("title", words), x=f"{100 * left:.2f}%",
                    width=f"{max(100 * (right - left), 0.4):.2f}%", y=str(14 * row + 2 + 5 * part),
                    height="4.5", class_=f"c{part}",
                )
            )  # fmt: skip
    return element(
        "svg", *drawn, class_="pairs", role="img", aria_label=label, style=f"height: {height}px"
    )  # fmt: skip


def _apart(finding: Mapping[str, Any], bound: float, value: float) -> float:
    # A report of an earlier edgebuild does not say which side its bound is.
    side = finding.get("side") or ("min" if finding["limit"].startswith(">=") else "max")
    gap = value - bound if side == "min" else bound - value
    if gap == 0:
        return 0.0
    return gap / abs(bound) if bound else math.copysign(math.inf, gap)


def _place(gap: float) -> float:
    """Where a margin is on a bar of 0..100."""
    return 50 + 50 * math.copysign(math.sqrt(min(1.0, abs(gap))), gap)
