"""The frame of a picture with two axes: scales, ticks, marks in it.

Horizontal places are percentages and everything else is pixels, so that a plot is as wide as the page
lets it be while its words keep their size. The frame's margins are the SVG element's padding
(`style.py`), and what is written there overflows into it.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from edgebuild.report.markup import element

HEIGHT = 240
Shape = Literal["circle", "square", "diamond", "triangle", "cross"]
_SHAPES: dict[str, str] = {
    "square": "M-4-4h8v8h-8z",
    "diamond": "M0-5.4 5.4 0 0 5.4-5.4 0z",
    "triangle": "M0-5 5 4-5 4z",
    "cross": "M-4-4 4 4M-4 4 4-4",
}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """From values to 0..1. `low` < `high`; both above 0 if `log`."""

    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """Where a value is; what lies outside is at the edge."""
        if self.log:
            share = (
                math.log(value / self.low) / math.log(self.high / self.low) if value > 0 else 0.0
            )
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, share))

    def ticks(self, most: int = 6) -> list[float]:
        """At most about `most` round values within."""
        if self.log:
            return _decades(self.low, self.high, most)
        step = _step((self.high - self.low) / most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]


def around(values: Sequence[float], *, zero: bool = False, least: float = 0.0) -> Scale:
    """A linear scale that holds all values with some air; `zero`: and 0 without any below it. `least`
    is the smallest span."""
    low, high = min(values), max(values)
    span = max(high - low, least, abs(high) * 1e-3, 1e-12)
    middle = (low + high) / 2
    low, high = min(low, middle - span / 2), max(high, middle + span / 2)
    air = 0.12 * (high - low)
    return Scale(low=0.0 if zero and low >= 0 else low - air, high=high + air)


def logarithmic(values: Sequence[float]) -> Scale:
    """A logarithmic scale that holds all values, all above 0, with some air."""
    return Scale(low=min(values) / 1.6, high=max(values) * 1.6, log=True)


def plot(
    x: Scale,
    y: Scale,
    marks: Iterable[ET.Element],
    *,
    label: str,
    x_title: str,
    y_title: str,
    height: int = HEIGHT,
) -> ET.Element:
    """A whole picture. `label` says in words what it shows, for those who do not see it."""
    drawn: list[ET.Element] = []
    for value in y.ticks(5):
        drawn.append(hline(height * (1 - y.at(value)), class_="grid"))
        drawn.append(
            text("0", height * (1 - y.at(value)) + 4, tick(value), class_="tick end", dx="-8")
        )
    drawn += [
        text(across(x, value), height + 18, tick(value), class_="tick mid") for value in x.ticks(6)
    ]
    drawn.append(hline(height, class_="axis"))
    drawn.append(text("100%", height + 36, x_title, class_="title end"))
    drawn.append(text("0", -14, y_title, class_="title", dx="-44"))
    return element(
        "svg", *drawn, *marks,
        class_="plot", role="img", aria_label=label, style=f"height: {height + 74}px",
    )  # fmt: skip


def across(x: Scale, value: float) -> str:
    return f"{100 * x.at(value):.2f}%"


def down(y: Scale, value: float, height: int = HEIGHT) -> float:
    return height * (1 - y.at(value))


def hline(y: float, **attributes: str) -> ET.Element:
    return element("line", x1="0", x2="100%", y1=f"{y:.1f}", y2=f"{y:.1f}", **attributes)


def text(x: str, y: float, words: str, **attributes: str) -> ET.Element:
    return element("text", words, x=x, y=f"{y:.1f}", **attributes)


def point(
    x: str, y: float, title: str, *, class_: str, shape: Shape = "circle", radius: float = 4.5
) -> ET.Element:
    """A mark with a title that is shown when pointed at."""
    name = element("title", title)
    if shape == "circle":
        return element("circle", name, cx=x, cy=f"{y:.1f}", r=f"{radius:.1f}", class_=class_)
    scale = f"scale({radius / 4.5:.2f})"
    path = element("path", name, d=_SHAPES[shape], transform=scale, class_=f"{class_} {shape}")
    return element("svg", path, x=x, y=f"{y:.1f}", width="1", height="1", class_="place")


def path(places: Sequence[tuple[float, float]], *, class_: str, height: int = HEIGHT) -> ET.Element:
    """A line through places (share 0..1 of the width, pixels down)."""
    steps = " ".join(f"{1000 * x:.1f},{y:.1f}" for x, y in places)
    return element(
        "svg",
        element("polyline", points=steps, class_=class_),
        viewBox=f"0 0 1000 {height}", preserveAspectRatio="none",
        width="100%", height=str(height), class_="place",
    )  # fmt: skip


def tick(value: float) -> str:
    """A round value, short."""
    if value == 0 or abs(value) < 1e-12:
        return "0"
    for prefix, scale in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= 10 * scale or (abs(value) >= scale and prefix != "k"):
            return f"{value / scale:g}{prefix}"
    return f"{value:.6g}"


def _step(rough: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= rough * (1 - 1e-9))


def _decades(low: float, high: float, most: int) -> list[float]:
    """Powers of ten, with 2 and 5 between where there is room."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for parts in ((1, 2, 5), (1, 3), (1,)):
        found = [m * 10.0**k for k in range(first, last + 1) for m in parts]
        found = [v for v in found if low * (1 - 1e-9) <= v <= high * (1 + 1e-9)]
        if len(found) <= most:
            return found
    every = math.ceil(len(found) / most)
    return found[::every]
