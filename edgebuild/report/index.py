"""artifacts/index.html: models by targets with their verdicts, each a link to its report."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

from edgebuild.report.html import bytes_text
from edgebuild.report.markup import document, element, row, table
from edgebuild.report.style import STYLE


def page(
    reports: Mapping[str, Mapping[str, Any]], refused: Sequence[tuple[str, str, str]] = ()
) -> str:
    """`reports` maps the report's path relative to the index to its document; `refused` has
    (model, target, reason)."""
    targets = sorted({r["target"] for r in reports.values()} | {t for _, t, _ in refused})
    models = sorted({r["model"] for r in reports.values()} | {m for m, _, _ in refused})
    rows = []
    for model in models:
        cells = [element("td", element("b", model))]
        for target in targets:
            cell = element("td")
            for path, report in sorted(reports.items()):
                if (report["model"], report["target"]) == (model, target):
                    cell.append(_entry(path, report))
            for m, t, reason in refused:
                if (m, t) == (model, target):
                    cell.append(element("div", "refused", class_="refused", title=reason))
            cells.append(cell)
        rows.append(row(*cells))
    rejected = sum(not r["accepted"] for r in reports.values())
    verdict = f"{rejected} rejected" if rejected else "all accepted"
    return document(
        "edgebuild artifacts",
        STYLE,
        element("h1", "Artifacts"),
        element(
            "p",
            element("span", verdict, class_=f"verdict {'rejected' if rejected else 'accepted'}"),
            f" {len(reports)} artifacts of {len(models)} models on {len(targets)} targets",
        ),
        table(["model", *targets], rows, class_="matrix"),
    )


def _entry(path: str, report: Mapping[str, Any]) -> ET.Element:
    verdict = "accepted" if report["accepted"] else "rejected"
    size = sum(f["size_bytes"] for f in report["files"] if not f["name"].endswith(".json"))
    return element(
        "div",
        element("a", report["label"] or report["backend"], href=path),
        " ",
        element("span", verdict, class_=verdict),
        element("span", f" {bytes_text(size)}", class_="dim"),
    )
