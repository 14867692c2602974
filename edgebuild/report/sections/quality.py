"""How good the answers are: the source's, the optimised model's, the artifact's; what is confused."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

from edgebuild.report.figures import between, figure, number, numbers
from edgebuild.report.headline import measured
from edgebuild.report.markup import Cell, element, num, row, table
from edgebuild.report.sections.words import cell, code, dim, evidence

_LARGEST = 12  # classes whose confusion is shown whole


def section(report: Mapping[str, Any]) -> list[ET.Element]:
    """Empty where no metric was measured."""
    rows = list(measured(report, "quality."))
    if not rows:
        return []
    details = report["details"].get("quality") or {}
    more = details.get("metrics") or {}
    optimised = any("optimised" in m for m in more.values())
    made = [_row(r, more.get(r["metric"].partition(".")[2]) or {}, optimised) for r in rows]
    head: list[Cell] = ["metric", num("source"), *([num("optimised")] if optimised else []), num("artifact"),
            num("95 % interval"), num("change"), "evidence"]  # fmt: skip
    found = [table(head, made)]
    if samples := details.get("samples"):
        found.insert(0, dim(f"On {samples} evaluation samples, each answered by both."))
    if confusion := details.get("confusion"):
        found += _confusion(confusion)
    return found


def _row(m: Mapping[str, Any], more: Mapping[str, Any], optimised: bool) -> ET.Element:
    value, source = figure(m["value"]), figure(m["baseline"])
    ends = between(m.get("interval")) or between(more.get("interval"))
    change = (
        ""
        if value is None or source is None
        else f"{value - source:+.4g}"
        if value != source
        else "none"
    )
    return row(
        code(m["metric"]),
        cell(m["baseline"]),
        *([cell(more.get("optimised"))] if optimised else []),
        element("td", element("b", number(m["value"])), class_="num")
        if value is not None
        else element("td", m["detail"] or "–", class_="dim"),
        element("td", f"{ends[0]:.4g} … {ends[1]:.4g}" if ends else "–", class_="num"),
        element("td", change.replace("-", "−"), class_="num"),
        element("td", evidence(m["evidence"])),
    )


def _confusion(confusion: Mapping[str, Any]) -> list[ET.Element]:
    labels = _labels(confusion)
    sides: list[tuple[str, Any]] = [(s, confusion.get(s)) for s in ("source", "artifact")]
    matrices = [(side, m) for side, m in sides if _is_square(m, len(labels))]
    if not matrices or not labels:
        return []
    title = element("h3", "Confusion")
    if len(labels) > _LARGEST:
        return [title, *(_most(labels, side, matrix) for side, matrix in matrices)]
    return [
        title,
        dim(
            "Rows are the truth, columns the answers; the stronger, the larger a share of the row."
        ),
        element("div", *(_matrix(labels, *each) for each in matrices), class_="beside"),
    ]


def _labels(confusion: Mapping[str, Any]) -> list[str]:
    """As they are called; -1 where no truth is that: answers that were no numbers."""
    labels = [str(label) for label in confusion.get("labels") or ()]
    sides = [confusion.get(side) for side in ("source", "artifact")]
    if labels[:1] == ["-1"] and not any(m and m[0] and any(numbers(m[0])) for m in sides):
        labels[0] = "no number"
    return labels


def _matrix(labels: Sequence[str], side: str, matrix: Sequence[Sequence[float]]) -> ET.Element:
    rows = []
    for name, counts in zip(labels, matrix, strict=True):
        total = sum(counts) or 1
        cells = [
            element(
                "td", number(count), class_="heat" + (" strong" if count / total > 0.55 else ""),
                style=f"--share: {count / total:.3f}",
                title=f"{name} taken for {other}: {count:g} of {total:g}",
            )
            for other, count in zip(labels, counts, strict=True)
        ]  # fmt: skip
        rows.append(row(element("th", name, scope="row"), *cells))
    caption = element("figcaption", f"the {side}'s")
    return element("figure", caption, table(["", *map(num, labels)], rows, class_="matrix"))


def _most(labels: Sequence[str], side: str, matrix: Sequence[Sequence[float]]) -> ET.Element:
    """The ten confusions that happen most often."""
    found = sorted(
        (-count, truth, answer)
        for truth, counts in zip(labels, matrix, strict=True)
        for answer, count in zip(labels, counts, strict=True)
        if truth != answer and count
    )
    rows = [row(truth, answer, cell(-count)) for count, truth, answer in found[:10]]
    caption = element("figcaption", f"the {side}'s, the most frequent of {len(found)}")
    return element("figure", caption, table(["truth", "taken for", num("samples")], rows))


def _is_square(matrix: Any, size: int) -> bool:
    return isinstance(matrix, list) and len(matrix) == size and all(
        len(numbers(counts)) == size for counts in matrix
    )  # fmt: skip
