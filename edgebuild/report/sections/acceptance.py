"""Gates: what was wanted, what was found, how far the two are apart; and what is waived."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

from edgebuild.report.charts.bars import margin_bar, margin_text
from edgebuild.report.figures import between, number
from edgebuild.report.markup import Cell, element, num, row, table
from edgebuild.report.sections.words import dim, evidence, full_name, mark, prose

ORDER = {"failed": 0, "unproven": 1, "waived": 2, "passed": 3}


def gates(report: Mapping[str, Any]) -> ET.Element:
    """What does not hold first."""
    if not report["findings"]:
        return dim("The manifest sets no threshold, and no check of this build has one of its own.")
    ordered = sorted(report["findings"], key=lambda f: ORDER[f["verdict"]])
    head: list[Cell] = ["gate", num("value"), "limit", "margin", "evidence", "verdict"]
    return table(head, map(_gate, ordered), class_="gates")


def waivers(report: Mapping[str, Any]) -> ET.Element | None:
    """Every waiver of the manifest, whether it was needed or not."""
    if not report["waivers"]:
        return None
    rows = [
        row(
            element("td", element("code", w["metric"])),
            w["reason"],
            w["owner"],
            element("td", w["expires"], class_="date"),
            _use(w["metric"], report["findings"]),
        )
        for w in report["waivers"]
    ]
    return table(["gate", "reason", "owner", "last day", ""], rows)


def _use(metric: str, findings: Sequence[Mapping[str, Any]]) -> str:
    """What became of a waiver: a gate that has one and fails nevertheless has one that expired."""
    verdicts = {f["verdict"] for f in findings if f["metric"] == metric}
    if "waived" in verdicts:
        return "used"
    return "not needed" if verdicts <= {"passed"} else "expired"


def _gate(f: Mapping[str, Any]) -> ET.Element:
    name = element("td", element("code", full_name(f)), class_="gate")
    if f["detail"]:
        name.append(element("div", *prose(f["detail"]), class_="dim"))
    value = element("td", number(f["value"], f["unit"]), class_="num")
    ends = between(f.get("interval"))
    if ends and "interval" not in f["detail"]:
        value.append(element("div", f"{ends[0]:.4g} … {ends[1]:.4g}", class_="dim"))
    if f.get("baseline") is not None:
        value.append(element("div", f"source {number(f['baseline'], f['unit'])}", class_="dim"))
    margin = element("td", margin_bar(f), class_="margin")
    if words := margin_text(f):
        margin.append(element("span", words))
    return row(
        name,
        value,
        _limit(f["limit"]),
        margin,
        element("td", evidence(f["evidence"]), class_="evidence"),
        element("td", mark(f["verdict"]), f["verdict"], class_=f"said {f['verdict']}"),
        class_=f["verdict"],
    )


def _limit(text: str) -> ET.Element:
    """The bound, and below it what else is asked."""
    first, _, rest = text.partition(", ")
    return element(
        "td", first, element("div", rest, class_="dim") if rest else None, class_="limit"
    )
