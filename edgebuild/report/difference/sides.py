"""Reports of one side of a comparison: a report.json, or a folder of artifacts with all that lies in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgebuild.errors import EdgebuildError
from edgebuild.report import budget
from edgebuild.report.document import SCHEMA
from edgebuild.report.read import REPORT, read_report


class NoReport(EdgebuildError):
    """A path at which there is nothing to compare."""


def side(place: Path, called: str) -> dict[str, dict[str, Any]]:
    """Reports by variant, and budgets by `target/budget`, sorted. NoReport, with the name it was called
    by, if there is none, if one is damaged, or if one variant has two."""
    if place.is_dir():
        return _folder(place, called.rstrip("/"))
    if not place.exists():
        raise NoReport(f"there is no {called}", hint="name a report.json or a folder of artifacts")
    found = _read(place, called)
    return {found["name"]: found}


def _folder(folder: Path, called: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    names: dict[str, str] = {}
    for path in sorted([*folder.rglob(REPORT), *folder.rglob(budget.JSON)]):
        inner = path.relative_to(folder)
        if any(part.startswith(".") for part in inner.parts):
            continue
        document = _read(path, f"{called}/{inner}")
        name = document["name"]
        if name in found:
            raise NoReport(
                f"{called} has two reports of {name}",
                fields={"one": names[name], "other": str(inner)},
                hint="name the folder of one build",
            )
        found[name], names[name] = document, str(inner)
    if not found:
        raise NoReport(
            f"there is no report below {called}",
            hint="name a report.json, `artifacts`, or a folder in it",
        )
    return dict(sorted(found.items()))


def _read(path: Path, called: str) -> dict[str, Any]:
    """A report, or a budget in the form of one."""
    report = read_report(path)
    if report is not None:
        return report
    document = budget.read(path)
    if document is not None and _is_judged(document):
        return {
            "backend": "",
            "files": [],
            "measurements": [],
            "model": "",
            "label": "",
            **document,
        }
    raise NoReport(
        f"{called} is no report",
        fields={"reason": _why(path)},
        hint="`doit build` writes reports; name a report.json or a folder of artifacts",
    )


def _is_judged(document: dict[str, Any]) -> bool:
    findings = document.get("findings")
    return (
        isinstance(document.get("name"), str)
        and isinstance(findings, list)
        and all(isinstance(f, dict) and {"metric", "verdict"} <= f.keys() for f in findings)
    )


def _why(path: Path) -> str:
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        return error.strerror or str(error)
    except (ValueError, RecursionError):
        return "it is no JSON, or is cut short"
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema is None:
        return "it does not say that it is one"
    if schema != SCHEMA:
        return f"it is of the form `{schema}`, this edgebuild reads `{SCHEMA}`"
    return "it lacks what every report has"
