"""Measurements against acceptance limits: passed, failed, unproven or waived; never anything in between."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from edgebuild.plan import certainty
from edgebuild.plan.limit_text import amount, limit_text
from edgebuild.step import Finding, Limit, Measurement, Metric, Waiver

# A gate that holds whatever was planned: every backend says its artifact's contract.
_CONTRACT = "contract.mismatches"


def judge(
    limits: Sequence[Limit],
    measurements: Sequence[Measurement],
    *,
    metrics: Mapping[str, Metric],
    waivers: Sequence[Waiver] = (),
    missing: Mapping[str, str] | None = None,
    checks: Collection[str] = (),
    today: datetime.date,
) -> list[Finding]:
    """One finding for each limit and each measurement it covers, in the order of `limits`; before them,
    those that always hold for the `checks` that were planned (`Metric.always`), but for those of which
    `limits` ask as much or more.

    A limit on a metric with several measurements (one an output) must hold for each. A limit that nothing
    measured is `unproven`, with the reason from `missing` (check name -> why) if there is one.
    """
    named = {x.metric for x in limits if x.max is not None and x.max <= 0}
    always = [
        Limit(metric=name, max=0)
        for name in dict.fromkeys([_CONTRACT, *(n for n, m in metrics.items() if m.always)])
        if name not in named and (name == _CONTRACT or name.partition(".")[0] in checks)
    ]
    findings: list[Finding] = []
    for limit in [*always, *limits]:
        metric = metrics.get(limit.metric, Metric(doc=""))
        found = [m for m in measurements if m.metric == limit.metric]
        if limit in always and found:
            found = [m for m in found if m.applies]
        elif not found:
            check = limit.metric.partition(".")[0]
            reason = (missing or {}).get(check, "no check measured it")
            findings.append(_finding(limit, metric, None, "unproven", reason))
        findings += [_judge_one(limit, metric, m) for m in found]
    return [_waive(f, waivers, today) for f in findings]


def accepted(findings: Sequence[Finding]) -> bool:
    """Whether every gate holds; a waived one does, an unproven one does not."""
    return all(f.verdict in ("passed", "waived") for f in findings)


def _judge_one(limit: Limit, metric: Metric, m: Measurement) -> Finding:
    if m.value is None:
        return _finding(limit, metric, m, "unproven", m.detail or "not measured")
    if limit.evidence and m.evidence not in limit.evidence:
        wanted = " or ".join(limit.evidence)
        return _finding(limit, metric, m, "unproven", f"measured by {m.evidence}, not {wanted}")
    problems = []
    drops = False
    if limit.min is not None and not m.value >= limit.min:
        problems.append(_beyond("below", m.value, limit.min, metric.unit))
    if limit.max is not None and not m.value <= limit.max:
        problems.append(_beyond("above", m.value, limit.max, metric.unit))
    if limit.max_drop is not None:
        if m.baseline is None:
            return _finding(limit, metric, m, "unproven", "the source was not measured")
        drop = _drop(metric, m.value, m.baseline)
        if not drop <= limit.max_drop:
            drops = not problems
            problems.append(f"{drop:.4g} worse than the source's {m.baseline:.6g}")
    doubt = "" if problems else certainty.doubt(limit, m, metric.unit)
    verdict = "failed" if problems else "unproven" if doubt else "passed"
    detail = _join(*problems, doubt, certainty.told(limit, m, metric.unit), m.detail)
    finding = _finding(limit, metric, m, verdict, detail)
    return replace(finding, bound=None, side="") if drops else finding


def _beyond(word: str, value: float, bound: float, unit: str) -> str:
    """By how much, where both read the same."""
    text = f"{word} {amount(bound, unit)}"
    same = amount(value, unit) == amount(bound, unit)
    return f"{text} by {abs(value - bound):.1g} {unit}".rstrip() if same else text


def _drop(metric: Metric, value: float, baseline: float) -> float:
    """How much worse than the baseline; nothing where both are infinite alike."""
    if value == baseline:
        return 0.0
    return baseline - value if metric.better == "higher" else value - baseline


def _bound(limit: Limit, value: float | None) -> tuple[float | None, Literal["", "min", "max"]]:
    """What `Finding.bound` and `Finding.side` are."""
    if limit.min is not None and limit.max is not None:
        below = value is None or value - limit.min <= limit.max - value
        return (limit.min, "min") if below else (limit.max, "max")
    if limit.min is not None:
        return limit.min, "min"
    return (limit.max, "max") if limit.max is not None else (None, "")


def _finding(
    limit: Limit, metric: Metric, m: Measurement | None, verdict: str, detail: str
) -> Finding:
    bound, side = _bound(limit, m.value if m else None)
    return Finding(
        metric=limit.metric,
        value=m.value if m else None,
        unit=metric.unit,
        limit=limit_text(limit, metric.unit),
        verdict=verdict,  # type: ignore[arg-type]
        evidence=m.evidence if m else None,
        output=m.output if m else "",
        detail=detail,
        bound=bound,
        side=side,
        baseline=m.baseline if m else None,
        interval=m.interval if m else None,
    )


def _waive(finding: Finding, waivers: Sequence[Waiver], today: datetime.date) -> Finding:
    if finding.verdict == "passed":
        return finding
    for waiver in sorted(waivers, key=lambda w: w.expires, reverse=True):
        if waiver.metric != finding.metric:
            continue
        if today <= datetime.date.fromisoformat(waiver.expires):
            note = f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
            return replace(finding, verdict="waived", detail=_join(finding.detail, note))
        note = f"the waiver of {waiver.owner} expired on {waiver.expires}"
        return replace(finding, verdict="failed", detail=_join(finding.detail, note))
    return finding


def _join(*parts: str) -> str:
    return "; ".join(filter(None, parts))
