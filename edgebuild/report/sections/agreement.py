"""How far the artifact's answers are from the source's: output by output, and layer by layer."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

from edgebuild.report.charts.lines import depth, sparkline
from edgebuild.report.figures import count, figure, number
from edgebuild.report.headline import measured
from edgebuild.report.markup import Cell, clean, element, folded, num, row, table
from edgebuild.report.sections.words import cell, code, dim, evidence, prose, sentence

_WORST = 10
_FIGURES = ("sqnr_db", "max_abs", "mean_abs", "cosine")
# With no more than the weakest instruction set that the target declares.
_WEAKEST = "isa_sqnr_db"


def section(report: Mapping[str, Any]) -> list[ET.Element]:
    """Empty where no answers were compared."""
    by_output: dict[str, dict[str, Mapping[str, Any]]] = {}
    whole: dict[str, Mapping[str, Any]] = {}
    for m in measured(report, "parity."):
        name = m["metric"].partition(".")[2]
        if m["output"] or name in _FIGURES:
            by_output.setdefault(m["output"], {})[name] = m
        else:
            whole[name] = m
    if not by_output:
        return []
    details = report["details"].get("parity") or {}
    samples = details.get("outputs") or {}
    weakest = any(_value(found, _WEAKEST) is not None for found in by_output.values())
    rows = [
        _output(name, found, samples.get(name) or {}, weakest=weakest)
        for name, found in by_output.items()
    ]
    head: list[Cell] = ["output", num("SQNR"), num("largest"), num("mean"), num("cosine")]
    head += [num("SQNR, weakest CPU")] if weakest else []
    head += ["SQNR by sample", "evidence"]
    return [
        table(head, rows),
        *_layers(details.get("layers"), whole.get("layer_sqnr_db"), _threshold(report)),
    ]


def _output(
    name: str, found: Mapping[str, Any], details: Mapping[str, Any], *, weakest: bool
) -> ET.Element:
    some = next(iter(found.values()))
    first = code(name or "all")
    if some["detail"]:
        first.append(element("div", *prose(some["detail"]), class_="dim"))
    values = [_value(found, key) for key in _FIGURES]
    db = figure(values[0])
    by_sample = [figure(v) for v in details.get("sqnr_db_by_sample") or ()]
    strip = element("td", class_="strip")
    if known := [v for v in by_sample if v is not None]:
        words = f"worst {number(round(min(known), 1), 'dB')} of {len(known)}"
        drawn = sparkline(by_sample[:200], label=f"SQNR of each sample: {words}")
        if drawn is not None:
            strip.append(drawn)
        strip.append(element("span", words, class_="dim"))
    return row(
        first,
        cell(None if db is None else round(db, 2), "dB"),
        cell(_short(values[1])),
        cell(_short(values[2])),
        cell(values[3]),
        *([cell(_short(_value(found, _WEAKEST)), "dB")] if weakest else []),
        strip,
        element("td", evidence(some["evidence"])),
    )


def _layers(layers: Any, story: Mapping[str, Any] | None, limit: float | None) -> list[ET.Element]:
    title = element("h3", "Error over depth", id="depth")
    if not isinstance(layers, Mapping) or not layers.get("rows"):
        why = story["detail"] if story else "nothing in this build looks inside the artifact"
        return [title, dim(f"Layers were not compared: {why}.")]
    rows = sorted(layers["rows"], key=lambda r: r.get("depth", 0))
    decibels = [figure(r.get("sqnr_db")) for r in rows]
    order = sorted(range(len(rows)), key=lambda i: _badness(rows[i], decibels[i]))
    worst = [i for i in order if _badness(rows[i], decibels[i]) < math.inf][:_WORST]
    points = [(str(r["name"]), db, _broken(r)) for r, db in zip(rows, decibels, strict=True)]
    unmatched = layers.get("unmatched") or []
    named = ", ".join(str(rows[i]["name"]) for i in worst[:3])
    picture = depth(
        points, set(worst), limit=limit,
        label=f"SQNR of {len(rows)} layers in the order of the graph; worst: {named}",
    )  # fmt: skip
    said = element(
        "p",
        f"Source against artifact on {_samples(layers)}, {count(len(rows), 'tensor')}",
        f", {len(unmatched)} of the source without a counterpart" if unmatched else "",
        ". ",
        evidence(layers.get("evidence")),
        class_="dim",
    )
    parts = story["detail"].split("; ") if story else []
    # The rest of the worst are in the table.
    told = ["; ".join(p for p in parts if not p.startswith("then "))] if any(parts) else []
    told += [layers["note"]] if layers.get("note") else []
    head: list[Cell] = [
        num("layer"),
        num("SQNR"),
        "computed by",
        num("largest"),
        num("mean"),
        num("cosine"),
    ]
    table_rows = [_layer(i, rows[i]) for i in worst]
    return [
        title,
        said,
        *(element("p", *prose(sentence(text))) for text in told),
        picture,
        element("h4", f"The {len(worst)} layers that are furthest off"),
        table(head, table_rows),
        *([folded(f"{count(len(unmatched), 'tensor')} without a counterpart", _names(unmatched))]
          if unmatched else []),
    ]  # fmt: skip


def _layer(index: int, r: Mapping[str, Any]) -> ET.Element:
    name = code(str(r.get("layer") or r["name"]))
    name.set("title", clean(f"tensor {r['name']}"))
    name.append(element("div", str(r.get("op", "")), class_="dim"))
    if _broken(r):
        name.append(element("div", f"{r['nonfinite']} values are not finite", class_="failed"))
    db = figure(r.get("sqnr_db"))
    return row(
        element("td", str(index + 1), class_="num"),
        cell(None if db is None else round(db, 2), "dB"),
        name,
        cell(_short(r.get("max_abs"))),
        cell(_short(r.get("mean_abs"))),
        cell(r.get("cosine")),
    )


def _samples(layers: Mapping[str, Any]) -> str:
    known = layers.get("samples")
    return count(known, "sample") if isinstance(known, int) else "some samples"


def _badness(r: Mapping[str, Any], db: float | None) -> float:
    if _broken(r):
        return -math.inf
    return math.inf if db is None else db


def _broken(r: Mapping[str, Any]) -> bool:
    """Values that are not finite where the source's are."""
    return (figure(r.get("nonfinite")) or 0) > (figure(r.get("nonfinite_source")) or 0)


def _threshold(report: Mapping[str, Any]) -> float | None:
    for f in report["findings"]:
        if f["metric"] == "parity.sqnr_db" and f["limit"].startswith(">="):
            return figure(f["bound"])
    return None


def _names(names: Sequence[Any]) -> ET.Element:
    return element("p", *(element("code", f"{name} ") for name in names[:200]), class_="names")


def _value(found: Mapping[str, Any], figure: str) -> Any:
    return found[figure]["value"] if figure in found else None


def _short(value: Any) -> Any:
    found = figure(value)
    return value if found is None or math.isinf(found) else float(f"{found:.3g}")
