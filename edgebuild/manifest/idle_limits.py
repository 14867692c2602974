"""Limits that hold nothing back: those that bound a metric on the side on which it is good only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgebuild.kinds import Kinds
from edgebuild.manifest.document import Document, ManifestError, Path

_GOOD = {"higher": "max", "lower": "min"}
_BAD = {"higher": "min", "lower": "max"}


def idle_limits(document: Document, kinds: Kinds, path: Path) -> list[ManifestError]:
    """One problem each, in every `accept:` of the target that is at `path`, those of its matrix included."""
    written: Any = document.value
    for part in path:
        written = written[part]
    metrics = kinds.metrics()
    found = []
    for where, line in _lines(written, path):
        metric = metrics.get(str(where[-1]))
        if metric is None or not isinstance(line, dict):
            continue
        good, bad = _GOOD[metric.better], _BAD[metric.better]
        if good in line and bad not in line and "max_drop" not in line:
            found.append(
                ManifestError(
                    f"`{where[-1]}` is better the {metric.better}: with `{good}` alone the worst passes",
                    position=document.key((*where, good)),
                    hint=f"write `{bad}: {_text(line[good])}`",
                )
            )
    return found


def _lines(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every line of every `accept:`, with its path."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        if name == "accept" and isinstance(inner, dict):
            for metric, line in inner.items():
                yield (*path, name, metric), line
        else:
            yield from _lines(inner, (*path, name))


def _text(limit: Any) -> str:
    return str(limit) if isinstance(limit, (int, float, str)) else "..."
