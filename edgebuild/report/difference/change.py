"""One thing that is not as it was in another report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Direction = Literal["worse", "better", "changed"]
Report = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Change:
    """`area` is a check's name, or `gate`, `contract`, `toolchain`, `manifest`. `before` and `after` are
    figures (None = not measured) or words. `gate`: by it a gate got worse, or a contract was broken
    without a version that says so."""

    variant: str
    area: str
    what: str
    before: float | str | None
    after: float | str | None
    direction: Direction
    unit: str = ""
    note: str = ""
    gate: bool = False


def inside(report: Report, *path: str) -> Any:
    """What is at a path of keys; None where something on the way is missing or no mapping."""
    value: Any = report
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def evaluation(report: Report) -> str:
    """The digest of the evaluation data; empty where there is none, or a report does not tell."""
    for stage in report.get("pipeline") or ():
        if str(inside(stage, "step")).endswith("/evaluation"):
            return str(inside(stage, "outputs", "dataset", "sha256") or "")
    return ""


def named(metric: str, output: str) -> str:
    """A metric, of one output where it is measured for each."""
    return f"{metric} [{output}]" if output else metric
