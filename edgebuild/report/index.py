"""artifacts/index.html: models by targets with their verdicts, each a link to its report; and their trend."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from edgebuild.report.figures import bytes_text, count
from edgebuild.report.headline import headline
from edgebuild.report.markup import document, element
from edgebuild.report.markup import section as boxed
from edgebuild.report.sections.words import mark
from edgebuild.report.style import INDEX_SCRIPT, INDEX_STYLE, STYLE
from edgebuild.report.trend import trends

Reports = Mapping[str, Mapping[str, Any]]
# model, target, reason
Refused = tuple[str, str, str]


def page(
    reports: Reports,
    refused: Sequence[Refused] = (),
    history: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    budgets: Mapping[str, tuple[str, bool]] | None = None,
) -> str:
    """`reports` maps the way to a report's page to its document; `history` a variant's name to its lines,
    oldest first (`trend.remembered`); `budgets` a target to the way to its page, and whether it holds."""
    targets = sorted({r["target"] for r in reports.values()} | {t for _, t, _ in refused})
    ways = {report["name"]: href for href, report in reports.items()}
    known = {name: lines for name, lines in (history or {}).items() if name in ways and lines}
    trend = None
    if known:
        note = element(
            "p", "A point for each build that changed the variant, oldest first.", class_="dim"
        )
        trend = boxed("Trend", note, trends(known, ways), id="trend")
    return document(
        "edgebuild artifacts",
        STYLE + INDEX_STYLE,
        element("header", element("h1", "Artifacts"), _tally(reports, refused, targets)),
        _filter(targets),
        _matrix(reports, refused, targets, budgets or {}),
        trend,
        script=INDEX_SCRIPT,
        main="index",
    )


def _tally(reports: Reports, refused: Sequence[Refused], targets: Sequence[str]) -> ET.Element:
    rejected = sum(not r["accepted"] for r in reports.values())
    waived = sum(_is_waived(r) for r in reports.values())
    models = {r["model"] for r in reports.values()} | {m for m, _, _ in refused}
    word = "rejected" if rejected else "accepted"
    said = f"{rejected} rejected" if rejected else "All accepted" if reports else "Nothing is built"
    parts = [
        f"{count(len(reports), 'artifact')} of {count(len(models), 'model')}"
        f" for {count(len(targets), 'target')}"
    ]
    if waived:
        parts.append(f"{waived} with a waived gate")
    if refused:
        parts.append(f"{len(refused)} refused by a compiler")
    return element(
        "div",
        mark(word) if reports else None,
        element("div", element("b", said), element("p", ", ".join(parts))),
        class_=f"banner {word if reports else ''}",
    )


def _filter(targets: Sequence[str]) -> ET.Element:
    """Shown by the script that makes it work."""
    verdicts = ("accepted", "rejected", "waived", "refused")
    return element(
        "form",
        element(
            "input", type="search", name="text", placeholder="Filter by name",
            aria_label="Filter by name", autocomplete="off",
        ),
        _choice("verdict", "every verdict", verdicts),
        _choice("target", "every target", targets),
        element("button", "Clear", type="reset"),
        element("output", id="count"),
        id="filter", class_="filter", hidden="",
    )  # fmt: skip


def _choice(name: str, all_of: str, values: Sequence[str]) -> ET.Element:
    options = [element("option", all_of, value="")]
    options += [element("option", value, value=value) for value in values]
    return element("select", *options, name=name, aria_label=name)


def _matrix(
    reports: Reports,
    refused: Sequence[Refused],
    targets: Sequence[str],
    budgets: Mapping[str, tuple[str, bool]],
) -> ET.Element:
    cells: dict[tuple[str, str], list[ET.Element]] = defaultdict(list)
    for href, report in sorted(reports.items(), key=lambda item: item[1]["name"]):
        cells[report["model"], report["target"]].append(_entry(href, report))
    for model, target, reason in refused:
        cells[model, target].append(_refusal(model, target, reason))
    head = [element("th", "model", scope="col")]
    for target in targets:
        head.append(element("th", target, scope="col", data_column=target))
        if target in budgets:
            href, holds = budgets[target]
            word = "accepted" if holds else "rejected"
            link = element("a", mark(word), "budget", href=href, class_=f"budget {word}")
            head[-1].append(link)
    rows = []
    for model in sorted({m for m, _ in cells}):
        row = [element("th", model, scope="row")]
        for target in targets:
            found = cells.get((model, target), [])
            row.append(
                element(
                    "td", *found, data_column=target, class_="" if found else "none",
                )
            )  # fmt: skip
        rows.append(element("tr", *row))
    made = element(
        "table", element("thead", element("tr", *head)), element("tbody", *rows), class_="models"
    )
    return element("div", made, class_="wide", tabindex="0")


def _entry(href: str, report: Mapping[str, Any]) -> ET.Element:
    line = headline(report)
    word = "accepted" if line.accepted else "rejected"
    words = [word]
    notes = [bytes_text(line.size_bytes)]
    if line.quality:
        notes.append(f"{line.quality.metric.partition('.')[2]} {line.quality.value:.3g}")
    if _is_waived(report):
        words.append("waived")
        notes.append("waived")
    failing = [f["metric"] for f in report["findings"] if f["verdict"] in ("failed", "unproven")]
    return element(
        "div",
        mark(word),
        element("a", line.label, href=href),
        element("span", ", ".join(notes), class_="dim"),
        element("span", ", ".join(dict.fromkeys(failing)), class_="why") if failing else None,
        class_=f"entry {word}",
        title=f"{line.name}: {word}",
        data_text=f"{line.name} {line.label} {report['backend']}".lower(),
        data_verdict=" ".join(words),
        data_target=report["target"],
    )


def _refusal(model: str, target: str, reason: str) -> ET.Element:
    return element(
        "div",
        mark("refused"),
        element("span", "refused"),
        element("span", reason, class_="dim"),
        class_="entry refused",
        data_text=f"{model}/{target} {reason}".lower(),
        data_verdict="refused",
        data_target=target,
    )


def _is_waived(report: Mapping[str, Any]) -> bool:
    return any(f["verdict"] == "waived" for f in report["findings"])
