"""Small pieces that several parts of a page use: verdicts, evidence, figures in cells."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any

from edgebuild.report.figures import EVIDENCE, NOT_MEASURED, figure, number
from edgebuild.report.markup import element

# Told apart by form, not by colour alone.
_MARKS: Mapping[str, str] = {
    "passed": "M3 8.5 6.5 12 13 4.5",
    "accepted": "M3 8.5 6.5 12 13 4.5",
    "failed": "M4 4 12 12M12 4 4 12",
    "rejected": "M4 4 12 12M12 4 4 12",
    "unproven": "M5.2 5.6a2.8 2.8 0 1 1 4.2 2.5C8.4 8.7 8 9.2 8 10.3M8 12.6v.6",
    "waived": "M3 8h10",
    "refused": "M3.6 12.4 12.4 3.6M8 2a6 6 0 1 0 .01 0",
}


def mark(verdict: str) -> ET.Element:
    """The sign of a verdict."""
    return element(
        "svg", element("path", d=_MARKS[verdict]), viewBox="0 0 16 16",
        class_=f"sign {verdict}", aria_hidden="true",
    )  # fmt: skip


def verdict(word: str) -> ET.Element:
    return element("span", mark(word), word, class_=f"verdict {word}")


def evidence(kind: str | None) -> ET.Element:
    """How a figure was obtained, as a badge."""
    if kind is None or kind not in EVIDENCE:
        return element("span", kind or NOT_MEASURED, class_="badge none")
    return element("span", kind, class_=f"badge {kind}", title=EVIDENCE[kind])


def code(text: str, tag: str = "td") -> ET.Element:
    """A name as it stands in a file."""
    return element(tag, element("code", text))


def cell(value: Any, unit: str = "") -> ET.Element:
    """A figure in a table's cell; a dash where there is none."""
    if figure(value) is None:
        return element("td", "–", class_="num dim", title=NOT_MEASURED)
    return element("td", number(value, unit), class_="num")


def dim(text: str) -> ET.Element:
    return element("p", text, class_="dim")


def prose(text: str) -> Iterator[ET.Element | str]:
    """A sentence whose names in backticks are code."""
    for place, part in enumerate(text.split("`")):
        yield element("code", part) if place % 2 else part


def sentence(text: str) -> str:
    """Words of a check, as they stand in a paragraph."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def full_name(row: Mapping[str, Any]) -> str:
    """`metric [output]`."""
    return f"{row['metric']} [{row['output']}]" if row.get("output") else str(row["metric"])
