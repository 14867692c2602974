"""Waivers that nothing can need: of metrics that no gate of the model's target is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgebuild.kinds import Kinds
from edgebuild.manifest.document import Document, ManifestError, Path
from edgebuild.step import Waiver


def idle_waivers(
    document: Document, waivers: tuple[Waiver, ...], kinds: Kinds, path: Path
) -> list[ManifestError]:
    """One problem each. Left in place, such a waiver would hold open a gate that somebody adds later.
    `path` is the target's in the document."""
    written: Any = document.value
    for part in path:
        written = written[part]
    gates = set(_accepted(written))  # as written, also where a line is wrong otherwise
    idle = {w.metric for w in waivers if w.metric not in gates}
    if idle:
        idle -= {name for name, metric in kinds.metrics().items() if metric.always}
    return [
        ManifestError(
            f"no gate is about `{line['metric']}`, so there is nothing to waive",
            position=document.at((*path, "waivers", i, "metric")),
            hint="remove the waiver, or accept by the metric",
        )
        for i, line in enumerate(written.get("waivers") or () if idle else ())
        if isinstance(line, dict) and line.get("metric") in idle
    ]


def _accepted(value: Any) -> Iterator[str]:
    """Metrics of every `accept:` of a target and of the values of its matrix."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        if name == "accept" and isinstance(inner, dict):
            yield from inner
        else:
            yield from _accepted(inner)
