"""Small pictures in reports, as SVG: how far a gate is from its limit, shares of a whole."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from edgebuild.report.markup import element

_COLORS = ("#4f7fd9", "#e0913a", "#6cae75", "#b06fc4", "#8c8f98", "#d95f6a")


def margin_bar(finding: Mapping[str, Any]) -> ET.Element | str:
    """A bar whose tick is the limit: filled up to the value, scaled so that the limit stands at two
    thirds. Empty where the limit is no plain bound."""
    if finding["bound"] is None:
        return ""
    limit, value = float(finding["bound"]), float(finding["value"])
    if limit == 0 or limit != limit or value in (float("inf"), float("-inf")):
        share = 1.0 if value > limit else 0.02
    else:
        share = min(1.0, max(0.0, value / limit * 2 / 3))
    return element(
        "svg",
        element("rect", class_="track", x="0", y="3", width="100", height="6", rx="3"),
        element(
            "rect", class_=finding["verdict"], x="0", y="3", width=f"{100 * share:.1f}", height="6",
            rx="3",
        ),
        element("line", x1="66.7", x2="66.7", y1="0", y2="12"),
        viewBox="0 0 100 12",
        preserveAspectRatio="none",
        class_="margin",
        role="img",
        **{"aria-label": f"{value:g} against {finding['limit']}"},
    )  # fmt: skip


def stacked_bar(parts: Mapping[str, float]) -> ET.Element:
    """One bar of parts, largest first, with a legend that gives each its figure and share."""
    total = sum(parts.values()) or 1
    rects, legend, x = [], [], 0.0
    for index, (name, value) in enumerate(sorted(parts.items(), key=lambda p: -p[1])):
        color = _COLORS[index % len(_COLORS)]
        width = 100 * value / total
        rects.append(
            element("rect", x=f"{x:.3f}", y="0", width=f"{width:.3f}", height="10", fill=color)
        )
        mark = element("i", style=f"background: {color}")
        legend.append(element("span", mark, f"{name} {value:g} ({width:.0f} %)"))
        x += width
    picture = element(
        "svg", *rects, viewBox="0 0 100 10", preserveAspectRatio="none", class_="stack",
        role="img", **{"aria-label": ", ".join(f"{n} {v:g}" for n, v in parts.items())},
    )  # fmt: skip
    return element("div", picture, element("p", *legend, class_="legend"))
