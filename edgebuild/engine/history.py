"""What each variant was in earlier builds, for the index: a line in `.edgebuild/history.jsonl` for each build
that changed one.

It serves pictures only: losing it changes no build, it is part of no key, and lines that are no such lines
are left out.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from edgebuild.report.trend import MOST, remembered
from edgebuild.store import files

NAME = "history.jsonl"
# More variants than any project has; what is beyond is forgotten, the oldest first.
_MOST_LINES = 5000
# A longer file was written by something else.
_MOST_BYTES = 8_000_000

Line: TypeAlias = dict[str, Any]


def read(state: Path) -> dict[str, list[Line]]:
    """Lines by the variant's name, oldest first; none if there is no such file."""
    found: dict[str, list[Line]] = {}
    try:
        path = state / NAME
        text = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
    except OSError:
        return {}
    for raw in text.splitlines():
        try:
            line = json.loads(raw)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict) and isinstance(line.get("name"), str):
            found.setdefault(line["name"], []).append(line)
    return found


def note(state: Path, reports: Sequence[Mapping[str, Any]], day: str) -> dict[str, list[Line]]:
    """Add a line for each report that says another thing than the last line of its variant; what is known
    then. Call it within `swap.publishing`, which one build at a time holds."""
    known = read(state)
    changed = False
    for report in reports:
        line = remembered(report, day)
        lines = known.setdefault(line["name"], [])
        if not lines or {**lines[-1], "day": day} != line:
            known[line["name"]] = [*lines[-(MOST - 1) :], line]
            changed = True
    if changed:
        rows = sorted((row for lines in known.values() for row in lines), key=_day)
        text = "".join(f"{json.dumps(row, sort_keys=True)}\n" for row in rows[-_MOST_LINES:])
        # A build that succeeded must not fail for this.
        with contextlib.suppress(OSError):
            state.mkdir(parents=True, exist_ok=True)
            files.write_atomic(state / NAME, text.encode(), scratch=state, mode=0o644)
    return known


def _day(line: Line) -> str:
    return str(line.get("day", ""))
