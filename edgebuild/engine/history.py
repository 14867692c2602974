"""What each variant was in earlier builds, for the index: a line in `.edgebuild/history.jsonl` for each build
that changed one.

It serves pictures only: losing it changes no build, it is part of no key, and lines that are no such lines
are left out.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
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
    return _by_name(_lines(state))


def note(state: Path, reports: Sequence[Mapping[str, Any]], day: str) -> dict[str, list[Line]]:
    """Add a line for each report that says another thing than the last line of its variant; what is known
    then. Call it within `swap.publishing`, which one build at a time holds."""
    lines = _lines(state)
    last = {line["name"]: line for line in lines}
    fresh = [remembered(report, day) for report in reports]
    fresh = [line for line in fresh if {**last.get(line["name"], {}), "day": day} != line]
    if fresh:
        lines = _bounded([*lines, *fresh])
        text = "".join(f"{json.dumps(line, sort_keys=True)}\n" for line in lines)
        # A build that succeeded must not fail for this.
        with contextlib.suppress(OSError):
            state.mkdir(parents=True, exist_ok=True)
            files.write_atomic(state / NAME, text.encode(), scratch=state, mode=0o644)
    return _by_name(lines)


def _lines(state: Path) -> list[Line]:
    try:
        path = state / NAME
        text = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
    except OSError:
        return []
    found = []
    for raw in text.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            line = json.loads(raw)
            if isinstance(line, dict) and isinstance(line.get("name"), str):
                found.append(line)
    return found


def _bounded(lines: list[Line]) -> list[Line]:
    """The last ones of each variant, and of all."""
    later: Counter[str] = Counter()
    kept = []
    for line in reversed(lines):
        later[line["name"]] += 1
        if later[line["name"]] <= MOST:
            kept.append(line)
    return kept[:_MOST_LINES][::-1]


def _by_name(lines: list[Line]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line["name"], []).append(line)
    return found
