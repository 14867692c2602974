"""What a frame costs: operations, bytes and where they go, under the roof of the target."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

from edgebuild.report.charts.bars import share_bar, stacked_bar
from edgebuild.report.charts.points import Layer, roofline
from edgebuild.report.figures import amount, bytes_text, duration, figure, number, percent
from edgebuild.report.markup import Cell, element, folded, num, row, table
from edgebuild.report.sections.words import cell, code, dim

_PARTS = ("input", "weights", "activations", "output")
_LARGEST = 8


def section(report: Mapping[str, Any]) -> list[ET.Element]:
    """Empty where nothing was counted."""
    details = report["details"].get("cost") or {}
    layers: Sequence[Mapping[str, Any]] = details.get("layers") or []
    totals = details.get("totals") or {}
    if not totals:
        return []
    return [
        _totals(totals),
        *_traffic(totals),
        *_roofline(layers, details.get("roofline") or {}, str(details.get("lacks") or "")),
        *_table(layers, totals),
    ]


def _totals(totals: Mapping[str, Any]) -> ET.Element:
    pairs = [
        ("operations", amount(totals.get("macs"), "MAC")),
        ("parameters", amount(totals.get("params"))),
        ("weights", number(totals.get("weight_bytes"), "bytes")),
        ("activations at their peak", number(totals.get("peak_activation_bytes"), "bytes")),
        ("traffic a frame", number(totals.get("traffic_bytes"), "bytes")),
        ("intensity", f"{number(_short(totals.get('intensity')))} op/byte"),
    ]
    if figure(totals.get("ms")) is not None:
        pairs.append(("estimated time", duration(totals["ms"])))
    return element(
        "dl", *(element("div", element("dt", k), element("dd", v)) for k, v in pairs), class_="facts"
    )  # fmt: skip


def _traffic(totals: Mapping[str, Any]) -> list[ET.Element]:
    traffic = totals.get("traffic") or {}
    parts = [(name, v) for name in _PARTS if (v := figure(traffic.get(name))) is not None]
    if not parts or not sum(v for _, v in parts):
        return []
    bar = stacked_bar(parts, label="Traffic of a frame", text=bytes_text)
    return [element("h3", "Traffic a frame"), bar]


def _roofline(
    layers: Sequence[Mapping[str, Any]], target: Mapping[str, Any], lacks: str
) -> list[ET.Element]:
    title = element("h3", "Roofline", id="roofline")
    peak, bandwidth = figure(target.get("peak_gops")), figure(target.get("bandwidth_gb_s"))
    if not peak:
        why = lacks or "the target's manifest gives no peak figures to hold the layers to"
        return [title, dim(f"No roofline: {why}.")]
    total = sum(_macs(layer) for layer in layers) or 1.0
    engines = any(layer.get("engine") for layer in layers)
    points = []
    for layer in layers:
        intensity, macs = figure(layer.get("intensity")), _macs(layer)
        if not intensity or not macs:
            continue  # moves bytes only
        ms = figure(layer.get("ms"))
        roof = min(peak, intensity * bandwidth) if bandwidth else peak
        points.append(
            Layer(
                name=str(layer["name"]),
                intensity=intensity,
                gops=2 * macs / ms / 1e6 if ms else roof,
                share=macs / total,
                group=str((layer.get("engine") if engines else layer.get("bound")) or "other"),
            )
        )
    if not points:
        return [title, dim("No layer computes anything.")]
    groups = sorted({p.group for p in points})
    picture = roofline(
        points, peak_gops=peak, bandwidth_gb_s=bandwidth, groups=groups,
        label=f"Roofline of {len(points)} layers under a peak of {amount(peak * 1e9, 'op/s')}",
    )  # fmt: skip
    precision = target.get("precision") or "all precisions"
    roofs = f"Peak {amount(peak * 1e9, 'op/s')} in {precision}"
    roofs += f", {bandwidth:g} GB/s of memory" if bandwidth else ", memory bandwidth unknown"
    timed = any(layer.get("ms") for layer in layers)
    where = "at its estimated time" if timed else "where the roof is at its intensity"
    legend = element(
        "ul",
        *(
            element("li", element("i", class_=f"c{i % 8} s{i % 4}"), g)
            for i, g in enumerate(groups)
        ),
        class_="legend",
    )
    return [
        title,
        dim(f"{roofs}. Each layer stands {where}; its area is its share of the operations."),
        picture,
        legend,
        *([dim(f"Times are not estimated: {lacks}.")] if lacks else []),
        *([dim(f"Source of the target's figures: {target['source']}")]
          if target.get("source") else []),
    ]  # fmt: skip


def _table(layers: Sequence[Mapping[str, Any]], totals: Mapping[str, Any]) -> list[ET.Element]:
    if not layers:
        return []
    head: list[Cell] = ["layer", num("MAC"), "share", num("weights"), num("traffic"), num("op/byte"),
            "bound", num("estimate")]  # fmt: skip
    total = figure(totals.get("macs")) or 1.0
    largest = sorted(layers, key=lambda layer: -_macs(layer))[:_LARGEST]
    made = [element("h3", f"The {len(largest)} largest layers")]
    made.append(table(head, [_layer(layer, total) for layer in largest]))
    if len(layers) > len(largest):
        rows = [_layer(layer, total) for layer in layers]
        made.append(folded(f"All {len(layers)} layers", table(head, rows)))
    return made


def _layer(layer: Mapping[str, Any], total: float) -> ET.Element:
    share = _macs(layer) / total
    ms = figure(layer.get("ms"))
    name = code(str(layer["name"]))
    about = (str(layer.get("op") or ""), str(layer.get("engine") or ""))
    name.append(element("div", ", ".join(filter(None, about)), class_="dim"))
    return row(
        name,
        element("td", amount(layer.get("macs")), class_="num"),
        element("td", share_bar(share, percent(share)), percent(share), class_="share"),
        cell(layer.get("weight_bytes"), "bytes"),
        cell(layer.get("traffic_bytes"), "bytes"),
        cell(_short(layer.get("intensity"))),
        str(layer.get("bound") or ""),
        element("td", "–" if ms is None else f"{1000 * ms:.3g} µs", class_="num"),
    )


def _macs(layer: Mapping[str, Any]) -> float:
    return figure(layer.get("macs")) or 0.0


def _short(value: Any) -> Any:
    found = figure(value)
    return None if found is None else float(f"{found:.3g}")
