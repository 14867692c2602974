"""A target's budget as the files that lie beside its models: data, page, JUnit."""

from __future__ import annotations

import dataclasses
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgebuild.manifest.model import Target
from edgebuild.plan.budget import Line
from edgebuild.plan.judge import accepted
from edgebuild.report import junit
from edgebuild.report.charts.bars import stacked_bar
from edgebuild.report.figures import count, number, plain
from edgebuild.report.markup import Cell, element, folded, num, row, section, table
from edgebuild.report.markup import document as page_of
from edgebuild.report.sections import acceptance, summary
from edgebuild.report.sections.words import cell, evidence
from edgebuild.report.style import STYLE

SCHEMA = "edgebuild-budget/1"
JSON, HTML, JUNIT = "budget.json", "budget.html", "budget.junit.xml"
FILES = (JSON, HTML, JUNIT)
# What every reader relies on.
_FORM: Mapping[str, type] = {"target": str, "accepted": bool, "findings": list, "parts": dict}


def document(target: Target, lines: Sequence[Line]) -> dict[str, Any]:
    """Keys: schema, name, target, description, accepted, findings (as in a report), parts {metric: [{model,
    label, value, unit, evidence, detail, counts, why}]} with every variant, waivers."""
    return {
        "schema": SCHEMA,
        "name": f"{target.name}/budget",
        "target": target.name,
        "description": target.description,
        "accepted": accepted([line.finding for line in lines]),
        "findings": [dataclasses.asdict(line.finding) for line in lines],
        "parts": {
            line.finding.metric: [
                {**dataclasses.asdict(part), "unit": line.part_unit} for part in line.parts
            ]
            for line in lines
        },
        "waivers": [dataclasses.asdict(w) for w in target.budget.waivers],
    }


def files(document: Mapping[str, Any]) -> dict[str, bytes]:
    """File name -> content."""
    return {
        JSON: (json.dumps(plain(document), indent=1, sort_keys=True) + "\n").encode(),
        HTML: page(document).encode(),
        JUNIT: junit.suite(document),
    }


def read(path: Path) -> dict[str, Any] | None:
    """The document in a file; None if there is none or it is something else."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        return None
    return found if all(isinstance(found.get(k), t) for k, t in _FORM.items()) else None


def says(document: Mapping[str, Any], lines: Sequence[Line]) -> bool:
    """Whether a published budget has these limits, and these figures of the variants in `lines`."""
    try:
        limits = {f["metric"]: f["limit"] for f in document["findings"]}
        values = {
            (metric, part["model"], part["label"]): part["value"]
            for metric, parts in document["parts"].items()
            for part in parts
        }
    except (AttributeError, KeyError, TypeError):
        return False
    missing = object()
    return limits == {line.finding.metric: line.finding.limit for line in lines} and all(
        values.get((line.finding.metric, p.model, p.label), missing) == p.value
        for line in lines
        for p in line.parts
    )


def published(artifacts: Path) -> Iterator[dict[str, Any]]:
    """The budget of every target below a folder, sorted."""
    for path in sorted(artifacts.glob(f"[!.]*/{JSON}")):
        if (found := read(path)) is not None:
            yield found


def page(document: Mapping[str, Any]) -> str:
    """One page: a bar of the models' shares for each line."""
    lines = ((f, document["parts"][f["metric"]]) for f in document["findings"])
    return page_of(
        f"{document['name']}: {'accepted' if document['accepted'] else 'rejected'}",
        STYLE,
        element(
            "header",
            element("p", element("a", "artifacts", href="../index.html"), class_="trail"),
            element("h1", f"Budget of {document['target']}"),
            element("p", document["description"], class_="lead"),
            element("p", "All models that run on it at once, against its limits.", class_="dim"),
        ),
        summary.verdict(document),
        section("Acceptance", acceptance.gates(document)),
        acceptance.waivers(document),
        *(_line(finding, parts) for finding, parts in lines),
    )


def _line(finding: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> ET.Element:
    counted = [
        (_name(part), float(part["value"]))
        for part in parts
        if part["counts"] and part["value"] is not None
    ]
    unit = parts[0]["unit"] if parts else ""
    bar = None
    if counted:
        ordered = sorted(counted, key=lambda part: -part[1])
        bar = stacked_bar(
            ordered, label=finding["metric"], text=lambda v: number(float(f"{v:.4g}"), unit)
        )
    rows = [
        row(
            _name(part),
            cell(part["value"], part["unit"]),
            element("td", evidence(part["evidence"])),
            "counts" if part["counts"] else "",
            element("td", part["detail"], class_="dim"),
        )
        for part in parts
    ]
    head: list[Cell] = ["variant", num("needs"), "evidence", "", ""]
    return section(
        finding["metric"].removeprefix("budget."),
        bar,
        folded(f"All of {count(len(parts), 'variant')}", table(head, rows)),
    )


def _name(part: Mapping[str, Any]) -> str:
    about = ", ".join(filter(None, (part["label"], part["why"])))
    return f"{part['model']} ({about})" if about else str(part["model"])
