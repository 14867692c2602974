"""Measurements against acceptance limits: passed, failed, unproven or waived; never anything in between."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from edgebuild.step import QUANTILES, Finding, Limit, Measurement, Metric, Waiver

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
    those that always hold for the `checks` that were planned (`Metric.always`).

    A limit on a metric with several measurements (one an output) must hold for each. A limit that nothing
    measured is `unproven`, with the reason from `missing` (check name -> why) if there is one.
    """
    named = {limit.metric for limit in limits}
    always = [
        Limit(metric=name, max=0)
        for name in dict.fromkeys([_CONTRACT, *(n for n, m in metrics.items() if m.always)])
        if name not in named and (name == _CONTRACT or name.partition(".")[0] in checks)
    ]
    findings: list[Finding] = []
    for limit in [*always, *limits]:
        metric = metrics.get(limit.metric, Metric(doc=""))
        found = [m for m in measurements if m.metric == limit.metric]
        if not found:
            check = limit.metric.partition(".")[0]
            reason = (missing or {}).get(check, "no check measured it")
            findings.append(_finding(limit, metric, None, "unproven", reason))
        findings += [_judge_one(limit, metric, m) for m in found]
    return [_waive(f, waivers, today) for f in findings]


def accepted(findings: Sequence[Finding]) -> bool:
    """Whether every gate holds; a waived one does, an unproven one does not."""
    return all(f.verdict in ("passed", "waived") for f in findings)


def limit_text(limit: Limit, unit: str = "") -> str:
    """`>= 40`, `<= 2 MB`, `drop <= 0.02`, `alpha 0.3`, joined by commas."""
    parts = []
    if limit.min is not None:
        parts.append(f">= {_amount(limit.min, unit)}")
    if limit.max is not None:
        parts.append(f"<= {_amount(limit.max, unit)}")
    if limit.max_drop is not None:
        parts.append(f"drop <= {_amount(limit.max_drop, unit)}")
    parts += [f"{name} {value}" for name, value in limit.params.items()]
    if limit.evidence:
        parts.append("by " + " or ".join(limit.evidence))
    return ", ".join(parts)


def _amount(value: float, unit: str) -> str:
    """A number as people write it: bytes in MB and kB (powers of 1000), others in six digits."""
    if unit == "bytes":
        for name, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
            if abs(value) >= scale:
                return f"{value / scale:g} {name}"
    return f"{value:g}"


def _judge_one(limit: Limit, metric: Metric, m: Measurement) -> Finding:
    if m.value is None:
        return _finding(limit, metric, m, "unproven", m.detail or "not measured")
    if limit.evidence and m.evidence not in limit.evidence:
        wanted = " or ".join(limit.evidence)
        return _finding(limit, metric, m, "unproven", f"measured by {m.evidence}, not {wanted}")
    problems = []
    if limit.min is not None and not m.value >= limit.min:
        problems.append(f"below {_amount(limit.min, metric.unit)}")
    if limit.max is not None and not m.value <= limit.max:
        problems.append(f"above {_amount(limit.max, metric.unit)}")
    if limit.max_drop is not None:
        if m.baseline is None:
            return _finding(limit, metric, m, "unproven", "the source was not measured")
        drop = m.baseline - m.value if metric.better == "higher" else m.value - m.baseline
        if not drop <= limit.max_drop:
            problems.append(f"{drop:.4g} worse than the source's {m.baseline:.6g}")
    detail = _join(*problems, _certainty(limit, metric, m), m.detail)
    return _finding(limit, metric, m, "failed" if problems else "passed", detail)


def _certainty(limit: Limit, metric: Metric, m: Measurement) -> str:
    """In how many resamples of the evaluation data the limit holds, where the check drew such. It changes
    no verdict: how sure a gate has to be is for people to say."""
    if m.interval is None:
        return ""
    parts = [f"95 % interval {m.interval[0]:.4g}..{m.interval[1]:.4g}"]
    lines = (
        (limit.min, m.quantiles, True, ">= {}"),
        (limit.max, m.quantiles, False, "<= {}"),
        (limit.max_drop, m.drop_quantiles, False, "drop <= {}"),
    )
    for bound, quantiles, above, text in lines:
        if bound is not None and quantiles:
            share = _share(bound, quantiles, above=above)
            parts.append(f"{text.format(_amount(bound, metric.unit))} in {share} of resamples")
    return ", ".join(parts)


def _share(bound: float, quantiles: Sequence[float], *, above: bool) -> str:
    """Of resamples that keep to `bound`, as far as quantiles tell: `all`, `at least 99.5 %`, `none`."""
    kept = [q >= bound if above else q <= bound for q in quantiles]
    if not any(kept):
        return "none"
    if all(kept):
        return "all"
    # Of the share at a quantile, all are at most that large: counted from the side that keeps to it.
    held = 1 - QUANTILES[kept.index(True)] if above else QUANTILES[kept.index(False) - 1]
    return f"at least {100 * held:g} %" if held else "hardly any"


def _finding(
    limit: Limit, metric: Metric, m: Measurement | None, verdict: str, detail: str
) -> Finding:
    return Finding(
        metric=limit.metric,
        value=m.value if m else None,
        unit=metric.unit,
        limit=limit_text(limit, metric.unit),
        verdict=verdict,  # type: ignore[arg-type]
        evidence=m.evidence if m else None,
        output=m.output if m else "",
        detail=detail,
        bound=limit.min if limit.min is not None else limit.max,
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
