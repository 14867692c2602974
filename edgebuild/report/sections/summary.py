"""The top of a page: the verdict, why it was rejected, the few figures everybody asks for."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from edgebuild.report.figures import amount, bytes_text, duration, figure, number
from edgebuild.report.headline import headline
from edgebuild.report.markup import element
from edgebuild.report.sections.words import evidence, mark, prose


def header(report: Mapping[str, Any], home: str = "") -> ET.Element:
    """`home` is the way to the index, if there is one."""
    about = report["about"]
    device = about["target"]["device"]
    where = " ".join(str(device[k]) for k in ("vendor", "soc") if k in device)
    return element(
        "header",
        element(
            "p",
            element("a", "artifacts", href=home) if home else None,
            " / " if home else None,
            " / ".join(filter(None, (report["target"], report["model"], report["label"]))),
            class_="trail",
        ),
        element("h1", report["name"]),
        element("p", about["model"]["description"] or "", class_="lead"),
        element(
            "p",
            f"Contract {about['model']['version']}, {about['model']['license']},"
            f" for {about['target']['description'] or report['target']}",
            f" ({where})" if where else "",
            f", made by {report['backend']}.",
            class_="dim",
        ),
    )  # fmt: skip


def verdict(report: Mapping[str, Any]) -> ET.Element:
    """Accepted or rejected, with the gates counted and what is waived."""
    word = "accepted" if report["accepted"] else "rejected"
    return element(
        "div",
        mark(word),
        element("div", element("b", word.capitalize()), element("p", tally(report["findings"]))),
        class_=f"banner {word}",
        role="status",
    )


def tally(findings: Sequence[Mapping[str, Any]]) -> str:
    """`14 gates: 11 hold, 1 failed, 1 unproven, 1 waived`."""
    held = Counter(f["verdict"] for f in findings)
    if not findings:
        return "No gate was set"
    if held["passed"] == len(findings):
        return "The one gate holds" if len(findings) == 1 else f"All {len(findings)} gates hold"
    parts = [f"{held[name]} {name}" for name in ("failed", "unproven", "waived") if held[name]]
    return f"{len(findings)} gates: {held['passed']} hold, " + ", ".join(parts)


def diagnosis(report: Mapping[str, Any]) -> ET.Element | None:
    """What could explain the rejection, the likeliest first."""
    if not report.get("diagnosis"):
        return None
    causes = [
        element(
            "li",
            element("b", *prose(str(d["cause"]))),
            element("p", *prose(str(d["evidence"])), class_="dim"),
        )
        for d in report["diagnosis"]
    ]
    return element(
        "aside", element("h2", "Likely causes"), element("ol", *causes), class_="diagnosis"
    )


def cards(report: Mapping[str, Any]) -> ET.Element:
    """Size, quality, agreement, time, work: what was measured of them."""
    line = headline(report)
    made = [_card("Artifact", bytes_text(line.size_bytes), report["backend"])]
    if line.quality:
        q = line.quality
        name = q.metric.partition(".")[2]
        source = f"source {number(q.baseline)}" if q.baseline is not None else ""
        made.append(_card(f"Quality, {name}", f"{q.value:.4g}", source, q.evidence))
    if line.parity_db is not None:
        made.append(
            _card(
                "Agreement", number(_short(line.parity_db), "dB"), "SQNR, worst output",
                line.parity_evidence,
            )
        )  # fmt: skip
    if line.latency_ms is not None:
        note = "by the roofline" if line.latency_evidence == "estimated" else "median"
        made.append(_card("A frame", duration(line.latency_ms), note, line.latency_evidence))
    totals = (report.get("details", {}).get("cost") or {}).get("totals") or {}
    if figure(totals.get("macs")):
        weights = amount(totals.get("params"), "") + " parameters"
        made.append(_card("Work", amount(totals["macs"], "MAC"), weights))
    return element("dl", *made, class_="cards")


def _card(title: str, value: str, note: str, how: str = "") -> ET.Element:
    return element(
        "div",
        element("dt", title),
        element("dd", value, evidence(how) if how else None, class_="value"),
        element("dd", note, class_="note"),
    )


def _short(value: float) -> float:
    return round(value, 1)
