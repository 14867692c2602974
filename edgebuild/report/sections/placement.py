"""Which engine does what: by stages, by operations, by estimated time."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from typing import Any

from edgebuild.report.charts.bars import stacked_bar
from edgebuild.report.figures import amount, duration, figure
from edgebuild.report.markup import element, folded, row, table
from edgebuild.report.sections.words import code

# The engine a chip is bought for has the first colour.
_COLORS = {"NCE": 0, "HTP": 0, "SHAVE": 1, "CPU": 1, "DMA": 4, "GPU": 2}


def section(report: Mapping[str, Any]) -> list[ET.Element]:
    """Empty where the backend does not say."""
    stages = report["placement"]
    if not stages:
        return []
    details = report["details"].get("placement") or {}
    engines = Counter(s["engine"] for s in stages)
    found = [_bar("By stages", engines, lambda v: f"{v:g}")]
    for key, title, text in (
        ("macs_by_engine", "By operations", lambda v: amount(v, "MAC")),
        ("ms_by_engine", "By time, estimated", duration),
    ):
        parts = {k: v for k, raw in (details.get(key) or {}).items() if (v := figure(raw))}
        if parts:
            found.append(_bar(title, parts, text))
    fallen = [s for s in stages if s["fallback"]]
    if fallen:
        rows = [row(code(s["layer"] or s["name"]), code(s["op"]), s["engine"], s["reason"])
                for s in fallen]  # fmt: skip
        found.append(element("h3", f"{len(fallen)} fell back", class_="failed"))
        found.append(table(["layer", "op", "runs on", "why"], rows))
    rows = [
        row(
            code(s["name"]),
            code(s["op"]),
            s["engine"] + (" (fallback)" if s["fallback"] else ""),
            code(s["layer"]),
        )
        for s in stages
    ]
    listing = table(["stage", "op", "engine", "layer"], rows)
    found.append(folded(f"All {len(stages)} stages", listing))
    return found


def _bar(title: str, parts: Mapping[str, float], text: Any) -> ET.Element:
    ordered = sorted(parts.items(), key=lambda p: (_COLORS.get(p[0], 9), -p[1]))
    others = {name: 2 + i for i, (name, _) in enumerate(ordered)}
    bar = stacked_bar(ordered, label=title, text=text, colors={**others, **_COLORS})
    return element("div", element("h4", title), bar)
