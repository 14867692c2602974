"""Figures of two reports: which got better or worse by more than measuring differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from edgebuild.report.difference.change import (
    Change,
    Direction,
    Report,
    evaluation,
    inside,
    named,
)
from edgebuild.report.difference.tolerance import Jitter, compared
from edgebuild.report.figures import figure
from edgebuild.step import Metric

# Checks that look at answers to the evaluation data.
_OF_DATA = ("parity", "quality", "numeric")


def changes(
    name: str,
    before: Report,
    after: Report,
    metrics: Mapping[str, Metric],
    counts: Counter[str],
) -> Iterator[Change]:
    """`counts` is told of figures that are `equal`, or differ within `noise`."""
    old, new = _rows(before), _rows(after)
    jitters = Jitter.of(before), Jitter.of(after)
    same_cpu = inside(before, "details", "latency", "cpu") == inside(
        after, "details", "latency", "cpu"
    )
    data = {evaluation(before), evaluation(after)} - {""}
    for metric, output in dict.fromkeys([*old, *new]):
        one, other = old.get((metric, output)), new.get((metric, output))
        known = metrics.get(metric)
        question = _other_question(metric, len(data) > 1, before, after)
        judged = _judged(metric, one, other, known, jitters, same_cpu, question)
        if isinstance(judged, str):
            counts[judged] += 1
        elif judged is not None:
            direction, note = judged
            yield Change(
                variant=name,
                area=metric.partition(".")[0],
                what=named(metric, output),
                before=figure(one["value"]) if one else None,
                after=figure(other["value"]) if other else None,
                direction=direction,
                unit=known.unit if known else "",
                note=note,
            )


def _other_question(metric: str, other_data: bool, before: Report, after: Report) -> str:
    """Why two figures of a metric do not answer the same question; empty if they do."""
    check, _, name = metric.partition(".")
    if other_data and check in _OF_DATA:
        return "on other evaluation data: not comparable"
    path = ("details", "quality", "metrics", name, "params")
    if check == "quality" and inside(before, *path) != inside(after, *path):
        return "with other parameters: not comparable"
    return ""


def _judged(
    metric: str,
    one: Report | None,
    other: Report | None,
    known: Metric | None,
    jitters: tuple[Jitter, Jitter],
    same_cpu: bool,
    question: str,
) -> tuple[Direction, str] | str | None:
    """Direction and why; a word to count; None = nothing was measured on either side."""
    old = figure(one["value"]) if one else None
    new = figure(other["value"]) if other else None
    if old is None and new is None:
        return None
    if one is None or other is None:
        return "changed", "not looked at before" if one is None else "not looked at any more"
    if one.get("evidence") != other.get("evidence"):
        return "changed", f"{one.get('evidence')} -> {other.get('evidence')}: not comparable"
    if old is None or new is None:
        return ("worse", other.get("detail", "")) if new is None else ("changed", "")
    if metric.startswith("latency.") and not same_cpu:
        return "changed", "on another CPU: not comparable"
    verdict = compared(metric, one, other, jitters)
    if verdict != "different":
        return verdict
    if question or known is None:
        return "changed", question
    return "better" if (new > old) == (known.better == "higher") else "worse", ""


def _rows(report: Report) -> dict[tuple[str, str], Report]:
    """Measurements by metric and output."""
    rows = report.get("measurements", ())
    return {(row["metric"], row.get("output", "")): row for row in rows if "value" in row}
