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
from edgebuild.report.bars import margin_bar, stacked_bar
from edgebuild.report.markup import document as page_of
from edgebuild.report.markup import element, row, section, table
from edgebuild.report.style import STYLE

SCHEMA = "edgebuild-budget/1"
JSON, HTML, JUNIT = "budget.json", "budget.html", "budget.junit.xml"
FILES = (JSON, HTML, JUNIT)
_HOW = {"": "not measured", "device": "on the device", "emulated": "on the emulator",
        "host": "on the host", "estimated": "estimated"}  # fmt: skip


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
        JSON: (json.dumps(document, indent=1, sort_keys=True) + "\n").encode(),
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
    return found


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
    verdict = "accepted" if document["accepted"] else "rejected"
    return page_of(
        f"{document['name']} - edgebuild",
        STYLE,
        element(
            "header",
            element("h1", f"Budget of {document['target']}"),
            element("p", element("span", verdict, class_=f"verdict {verdict}")),
            element("p", document["description"]),
            element("p", "All models that run on it at once, against its limits.", class_="dim"),
        ),
        *(_line(finding, document["parts"][finding["metric"]]) for finding in document["findings"]),
    )


def _line(finding: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> ET.Element:
    counted = {
        _name(part): part["value"] for part in parts if part["counts"] and part["value"] is not None
    }
    evidence = _HOW[finding["evidence"] or ""]
    gate = row(
        element("td", _amount(finding["value"], finding["unit"]), class_="num"),
        element("td", finding["limit"], class_="num limit"),
        margin_bar(finding) if finding["value"] is not None else "",
        element("td", evidence, class_="evidence"),
        element("td", finding["verdict"], class_=finding["verdict"]),
        class_=finding["verdict"],
    )
    rows = [
        row(
            element("td", _name(part)),
            element("td", _amount(part["value"], part["unit"]), class_="num"),
            element("td", _HOW[part["evidence"] or ""], class_="evidence"),
            "counts" if part["counts"] else "",
            part["detail"],
        )
        for part in parts
    ]
    return section(
        finding["metric"].removeprefix("budget."),
        table(["value", "limit", "margin", "evidence", "verdict"], [gate]),
        element("p", finding["detail"], class_="dim") if finding["detail"] else None,
        stacked_bar(counted) if counted else None,
        element(
            "details",
            element("summary", f"all {len(parts)} variants"),
            table(["variant", "needs", "evidence", "", ""], rows),
        ),
    )


def _name(part: Mapping[str, Any]) -> str:
    about = ", ".join(filter(None, (part["label"], part["why"])))
    return f"{part['model']} ({about})" if about else str(part["model"])


def _amount(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:.4g} {unit}"
