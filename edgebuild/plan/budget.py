"""A target's budget against what its variants were measured to need together."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgebuild.manifest.budget import FIGURES, METRICS, Figure
from edgebuild.manifest.model import Budget
from edgebuild.plan.graph import Variant
from edgebuild.plan.judge import judge
from edgebuild.step import Evidence, Finding, Limit, Measurement

# Each counts for less than the one before.
_WEIGHT: tuple[Evidence, ...] = ("device", "emulated", "host", "estimated")
_NAMED = 3
_NO_PROOF = "; an estimate is a lower bound of the time: it could refuse, it proves nothing"


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one variant needs of a figure, in the unit of `Line.part_unit`; None = not measured, `detail` says
    why. `counts`: it is the variant of its model that runs, for the reason `why`."""

    model: str
    label: str
    value: float | None
    evidence: Evidence | None
    detail: str = ""
    counts: bool = False
    why: str = ""

    @property
    def name(self) -> str:
        """The model, and the variant with the reason for it where there are several."""
        about = ", ".join(filter(None, (self.label, self.why)))
        return f"{self.model} ({about})" if about else self.model


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a budget, judged. `parts` has every variant, in the order of the plan."""

    finding: Finding
    parts: tuple[Part, ...]
    part_unit: str


def judge_budget(
    budget: Budget,
    variants: Sequence[Variant],
    measured: Mapping[str, Sequence[Measurement]],
    today: datetime.date,
) -> list[Line]:
    """One line for each limit of the budget. `measured` has the rows of each variant by its name.

    A line is `unproven` if what runs, or could be the largest, was not measured. Its evidence is the weakest
    among the parts that count.
    """
    lines = []
    for limit in budget.limits:
        figure = FIGURES[limit.metric.removeprefix("budget.")]
        unit = "ms" if figure.rate else figure.metric.unit
        parts = _parts(figure, budget, variants, measured)
        row = _sum(limit, figure, unit, [part for part in parts if part.counts])
        found = judge([limit], [row], metrics=METRICS, waivers=budget.waivers, today=today)
        finding = next(f for f in found if f.metric == limit.metric)
        lines.append(Line(finding=finding, parts=tuple(parts), part_unit=unit))
    return lines


def _parts(
    figure: Figure,
    budget: Budget,
    variants: Sequence[Variant],
    measured: Mapping[str, Sequence[Measurement]],
) -> list[Part]:
    """Every variant's part, with those that count marked."""
    parts: list[Part] = []
    for model in dict.fromkeys(v.model for v in variants):
        own = [_part(figure, v, measured.get(v.name, ())) for v in variants if v.model == model]
        named = budget.variants.get(model)
        if named is not None:
            # With `none` it is none of them.
            parts += [replace(p, counts=p.label == named) for p in own]
        elif len(own) == 1:
            parts += [replace(p, counts=True) for p in own]
        else:
            # Where one was not measured, nobody knows which is the largest.
            largest = max(own, key=lambda p: math.inf if p.value is None else p.value)
            why = "" if largest.value is None else f"the largest of {len(own)} variants"
            parts += [replace(p, counts=True, why=why) if p is largest else p for p in own]
    return parts


def _part(figure: Figure, variant: Variant, rows: Sequence[Measurement]) -> Part:
    part = Part(model=variant.model, label=variant.label, value=None, evidence=None)
    found = [row for row in rows if row.metric == figure.summed]
    if not found:
        reason = variant.missing.get(figure.summed.partition(".")[0], "no check measured it")
        return replace(part, detail=reason)
    lacking = next((row for row in found if row.value is None), None)
    if lacking is not None:
        detail = lacking.detail or "it was not measured"
        return replace(part, evidence=lacking.evidence, detail=detail)
    row = max(found, key=lambda row: row.value or 0)
    # Milliseconds are the unit already; bytes become the line's.
    scale = 1 if figure.rate else figure.divisor
    return replace(part, value=(row.value or 0) / scale, evidence=row.evidence, detail=row.detail)


def _sum(limit: Limit, figure: Figure, unit: str, parts: Sequence[Part]) -> Measurement:
    """The parts together, as one measurement of the line."""
    given: list[Evidence] = [p.evidence for p in parts if p.evidence]
    evidence: Evidence = max(given, key=_WEIGHT.index, default="host")
    total = math.fsum(p.value or 0 for p in parts)
    lacking = next((p for p in parts if p.value is None), None)
    if lacking is not None:
        reason = f"`{figure.summed}` of {lacking.name} is not known: {lacking.detail}"
    elif not parts:
        reason = "no model runs on it"
    elif figure.rate and not total:
        reason = "the models take no time"
    else:
        detail = _shares(parts, unit)
        value = total
        if figure.rate:
            value = figure.divisor / total
            frame = figure.divisor / (limit.min or math.inf)
            bound = "at least " if evidence == "estimated" else ""
            detail = f"{bound}{total:.4g} ms of the {frame:.4g} ms that a frame has: {detail}"
            # Never faster than the roof, mostly slower: such a time can be too long, not short enough.
            detail += _NO_PROOF if bound and total <= frame else ""
        return Measurement(metric=limit.metric, value=value, evidence=evidence, detail=detail)
    return Measurement(metric=limit.metric, value=None, evidence=evidence, detail=reason)


def _shares(parts: Sequence[Part], unit: str) -> str:
    """The largest parts by name, the others as one."""
    ranked = sorted(parts, key=lambda p: -(p.value or 0))
    shares = [f"{p.name} {p.value:.4g} {unit}" for p in ranked[:_NAMED]]
    if more := ranked[_NAMED:]:
        shares.append(f"{len(more)} more {math.fsum(p.value or 0 for p in more):.4g} {unit}")
    return ", ".join(shares)
