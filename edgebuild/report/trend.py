"""How variants went over the last builds that changed them: what is remembered of a build, and its picture."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgebuild.report.charts.lines import sparkline, verdict_dots
from edgebuild.report.figures import bytes_text, duration, figure, number
from edgebuild.report.headline import headline
from edgebuild.report.markup import element, table

# Of a variant, as many builds are remembered and drawn.
MOST = 30


def remembered(report: Mapping[str, Any], day: str) -> dict[str, Any]:
    """A line of history: name, day (ISO), artifact (digest of its files' digests), accepted, size_bytes,
    quality and its metric, parity_db, latency_ms (null = not measured) and how it was obtained, edgebuild's
    version."""
    line = headline(report)
    files = sorted((f["name"], f["sha256"]) for f in report["files"])
    found = {
        "name": line.name,
        "day": day,
        "artifact": hashlib.sha256(repr(files).encode()).hexdigest()[:16],
        "accepted": line.accepted,
        "size_bytes": line.size_bytes,
        "metric": line.quality.metric if line.quality else "",
        "quality": line.quality.value if line.quality else None,
        "parity_db": line.parity_db,
        "latency_ms": line.latency_ms,
        "latency_evidence": line.latency_evidence,
        "edgebuild": report.get("about", {}).get("edgebuild", ""),
    }
    for key in ("quality", "parity_db", "latency_ms"):
        if found[key] is not None:
            found[key] = float(f"{found[key]:.6g}")
    return found


def trends(
    history: Mapping[str, Sequence[Mapping[str, Any]]], ways: Mapping[str, str]
) -> ET.Element:
    """A row for each variant that is there: `ways` maps its name to its page."""
    rows = [
        _row(name, history[name][-MOST:], href)
        for name, href in sorted(ways.items())
        if history.get(name)
    ]
    head = ["variant", "verdicts", "size", "quality", "SQNR", "frame", "last change"]
    return table(head, rows, class_="trend")


def _row(name: str, lines: Sequence[Mapping[str, Any]], href: str) -> ET.Element:
    dots = verdict_dots(
        [
            (bool(line.get("accepted")), f"{line.get('day', '')}: {_word(line)}")
            for line in lines[-12:]
        ]
    )
    metric = str(lines[-1].get("metric", "")).partition(".")[2]
    guessed = lines[-1].get("latency_evidence") == "estimated"
    cells = (
        ("size", "size_bytes", bytes_text),
        (metric, "quality", lambda v: f"{metric} {v:.4g}"),
        ("SQNR", "parity_db", lambda v: number(round(v, 1), "dB")),
        ("frame", "latency_ms", lambda v: duration(v) + (", estimated" if guessed else "")),
    )
    return element(
        "tr",
        element("td", element("a", name, href=href)),
        element("td", dots),
        *(_cell(title, [line.get(key) for line in lines], text) for title, key, text in cells),
        element("td", str(lines[-1].get("day", "")), class_="date dim"),
        data_text=name.lower(),
        data_verdict="accepted" if lines[-1].get("accepted") else "rejected",
        data_target=name.split("/")[1],
        class_="entry",
    )


def _cell(title: str, raw: Sequence[Any], text: Callable[[float], str]) -> ET.Element:
    values = [figure(v) for v in raw]
    known = [v for v in values if v is not None]
    if not known:
        return element("td", "–", class_="dim")
    now = text(known[-1])
    words = f"{title} over {len(known)} builds, now {now}"
    said = [element("span", now)]
    if len(known) > 1 and known[-2] != known[-1] and known[-2]:
        change = (known[-1] - known[-2]) / abs(known[-2])
        if abs(change) != float("inf") and change == change:
            said.append(element("span", f" {100 * change:+.2g} %".replace("-", "−"), class_="dim"))
    drawn = sparkline(values, label=words) if len(known) > 1 else None
    return element("td", drawn, element("div", *said, class_="now"))


def _word(line: Mapping[str, Any]) -> str:
    return "accepted" if line.get("accepted") else "rejected"
