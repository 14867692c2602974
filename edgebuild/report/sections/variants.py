"""This variant among those of the same model and target: quality against time against size."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from edgebuild.report.charts.points import Choice, choices
from edgebuild.report.figures import bytes_text, number
from edgebuild.report.headline import Headline, headline
from edgebuild.report.markup import Cell, element, num, row, table
from edgebuild.report.sections.words import cell, dim, evidence, verdict


def section(
    report: Mapping[str, Any], siblings: Mapping[str, Mapping[str, Any]]
) -> list[ET.Element]:
    """`siblings` maps the way from this page to another's to that one's document; there is one at least."""
    me = headline(report)
    lines = {me.label: ("", me)}
    for href, other in siblings.items():
        line = headline(other)
        lines[line.label] = (href, line)
    ordered = [lines[label] for label in sorted(lines)]
    return [*_picture(ordered, me), _table(ordered, me)]


def _picture(ordered: list[tuple[str, Headline]], me: Headline) -> list[ET.Element]:
    metrics = [line.quality.metric for _, line in ordered if line.quality]
    score = metrics[0] if metrics else "parity.sqnr_db"
    points = [
        Choice(
            name=line.label,
            score=_score(line, score),
            interval=line.quality.interval
            if line.quality and line.quality.metric == score
            else None,
            time_ms=line.latency_ms,
            measured=line.latency_evidence != "estimated",
            size_bytes=line.size_bytes,
            accepted=line.accepted,
            this=line.name == me.name,
        )
        for _, line in ordered
    ]
    words = "; ".join(
        f"{p.name}: {score} {number(p.score)}, {number(p.time_ms, 'ms')}, {bytes_text(p.size_bytes)}"
        for p in points
    )
    picture = choices(points, score=score, label=f"Variants of this model and target. {words}")
    if picture is None:
        return []
    timed = all(p.time_ms is not None for p in points if p.score is not None)
    note = "The larger a disc, the larger the artifact"
    if timed and not all(p.measured for p in points):
        note += "; a dashed one stands at an estimated time"
    if not timed:
        note += "; no time of all of them is known, so they stand by size"
    return [picture, dim(note + ".")]


def _score(line: Headline, metric: str) -> float | None:
    if metric == "parity.sqnr_db":
        found = line.parity_db
        return None if found is None or abs(found) == float("inf") else found
    return line.quality.value if line.quality and line.quality.metric == metric else None


def _table(ordered: list[tuple[str, Headline]], me: Headline) -> ET.Element:
    rows = []
    for href, line in ordered:
        mine = line.name == me.name
        name = element("b", line.label) if mine else element("a", line.label, href=href)
        quality = line.quality
        rows.append(
            row(
                element("td", name, " (this one)" if mine else None),
                cell(quality.value if quality else None),
                cell(None if line.parity_db is None else round(line.parity_db, 1), "dB"),
                cell(line.latency_ms, "ms"),
                element("td", evidence(line.latency_evidence) if line.latency_evidence else None),
                cell(line.size_bytes, "bytes"),
                element("td", verdict("accepted" if line.accepted else "rejected")),
            )
        )
    metric = next((line.quality.metric for _, line in ordered if line.quality), "quality")
    head: list[Cell] = [
        "variant",
        num(metric),
        num("SQNR"),
        num("frame"),
        "",
        num("size"),
        "verdict",
    ]
    return table(head, rows)
