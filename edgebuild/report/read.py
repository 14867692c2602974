"""Read a published report back: only what is one, for whatever else lies among the artifacts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edgebuild.report.document import SCHEMA

REPORT = "report.json"
# What every reader relies on; the rest of a report is for people.
_FORM: Mapping[str, type] = {
    "name": str, "model": str, "target": str, "label": str, "backend": str, "accepted": bool,
    "findings": list, "files": list,
}  # fmt: skip
_IF_THERE: Mapping[str, type] = {
    "measurements": list, "details": dict, "pipeline": list, "about": dict,
}  # fmt: skip
_ABOUT: Mapping[str, type] = {"edgebuild": str}
_FILE: Mapping[str, type] = {"name": str, "sha256": str, "size_bytes": int}
_FINDING: Mapping[str, type] = {"metric": str, "verdict": str}
_MEASUREMENT: Mapping[str, type] = {"metric": str, "evidence": str}


def read_report(path: Path) -> dict[str, Any] | None:
    """The report in a file; None if it is absent, damaged, of another schema or somebody else's. Figures
    of findings and measurements are numbers again, the infinite ones too."""
    try:
        if not path.is_file():  # a pipe or a device would be read for ever
            return None
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not _has(found, _FORM) or found.get("schema") != SCHEMA:
        return None
    if not all(isinstance(found.get(key, kind()), kind) for key, kind in _IF_THERE.items()):
        return None
    measurements = found.get("measurements", [])
    forms = (
        (found["files"], _FILE),
        (found["findings"], _FINDING),
        (measurements, _MEASUREMENT),
        ([found["about"]] if "about" in found else [], _ABOUT),
    )
    if not all(_has(row, form) for rows, form in forms for row in rows):
        return None
    if not all(
        isinstance(row.get("output", ""), str) for row in (*found["findings"], *measurements)
    ):
        return None
    for row in (*found["findings"], *measurements):
        for key in ("value", "baseline", "bound"):
            if row.get(key) in ("inf", "-inf"):
                row[key] = float(row[key])
    return dict(found)


def published(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Path and content of every report below a folder, sorted; folders whose name begins with a dot are
    not looked into, and links are not followed."""
    found = []
    for place, folders, files in os.walk(folder):  # what goes meanwhile is passed over
        folders[:] = [name for name in folders if not name.startswith(".")]
        if REPORT in files:
            found.append(Path(place, REPORT))
    for path in sorted(found):
        report = read_report(path)
        if report is not None:
            yield path, report


def _has(value: Any, form: Mapping[str, type]) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(k), t) for k, t in form.items())
