"""What number formats lose: overflow, values too small, clipping, values that are no numbers."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from edgebuild.report.figures import figure, number, percent
from edgebuild.report.markup import Cell, element, num, row, table
from edgebuild.report.sections.words import cell, code, dim

_WORST = 12
_FP16_MAX = 65504.0
# Shares of values that are worth a line in the table.
_CLIPPED, _SMALL = 0.001, 0.01


def section(report: Mapping[str, Any]) -> list[ET.Element]:
    """Empty where no ranges were looked at."""
    details = report["details"].get("numeric") or {}
    tensors = details.get("tensors") or []
    if not tensors:
        return []
    order = sorted(tensors, key=_rank, reverse=True)
    worst = [t for t in order if _is_notable(t)][:_WORST]
    largest = max(tensors, key=lambda t: figure(t.get("max_abs")) or 0.0)
    peak = figure(largest.get("max_abs")) or 0.0
    said = (
        f"{len(tensors)} tensors over {details.get('samples', '?')} samples. The largest magnitude is"
        f" {number(float(f'{peak:.4g}'))}, in {largest['name']}"
    )
    said += f"; float16 reaches {number(_FP16_MAX)}." if peak < float("inf") else "."
    if not worst:
        return [
            dim(said),
            element(
                "p",
                "No tensor overflows, has values that are no numbers, or clips one in a thousand.",
            ),
        ]
    head: list[Cell] = ["tensor", "what", num("largest"), num("not a number"), num("overflow"),
            num("clipped"), num("subnormal")]  # fmt: skip
    return [
        dim(said),
        element(
            "h3",
            f"The {len(worst)} tensors that lose most"
            if len(worst) > 1
            else "The tensor that loses most",
        ),
        table(head, [_tensor(t) for t in worst]),
    ]


def _tensor(t: Mapping[str, Any]) -> ET.Element:
    name = code(str(t["name"]))
    if t.get("layer"):
        name.append(element("div", str(t["layer"]), class_="dim"))
    peak = figure(t.get("max_abs"))
    return row(
        name,
        str(t.get("kind", "")),
        cell(None if peak is None else float(f"{peak:.4g}")),
        cell(t.get("nan")),
        cell(_infinite(t)),
        _share(t, "clipped"),
        _share(t, "subnormal"),
    )


def _share(t: Mapping[str, Any], what: str) -> ET.Element:
    if figure(t.get(what)) is None:
        return cell(None)
    return element("td", percent(_part(t, what)), class_="num")


def _infinite(t: Mapping[str, Any]) -> Any:
    """What left the range of its type: float16's, else that of the floats it has."""
    return t.get("inf") if t.get("overflow") is None else t["overflow"]


def _part(t: Mapping[str, Any], what: str) -> float:
    return (figure(t.get(what)) or 0.0) / (figure(t.get("elements")) or 1.0)


def _rank(t: Mapping[str, Any]) -> tuple[float, float, float, float]:
    return (
        figure(t.get("nan")) or 0.0,
        figure(_infinite(t)) or 0.0,
        _part(t, "clipped"),
        _part(t, "subnormal"),
    )


def _is_notable(t: Mapping[str, Any]) -> bool:
    nan, overflow, clipped, subnormal = _rank(t)
    return bool(nan or overflow) or clipped >= _CLIPPED or subnormal >= _SMALL
