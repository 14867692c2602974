"""`budget:` of a target: limits over all models that run on it at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edgebuild.errors import suggest
from edgebuild.manifest.document import Document, ManifestError, quoted
from edgebuild.manifest.model import Budget, Model, ModelTarget, Target
from edgebuild.manifest.read_gates import read_waivers
from edgebuild.manifest.values import TEXT, Schema, mapping, named
from edgebuild.step import Limit, Metric

# Of a model that does not run together with the others.
NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A line that a budget may have. It is about the sum of `summed` over the models, in units of `divisor`;
    of a rate, about how often that fits into `divisor`."""

    metric: Metric
    summed: str
    divisor: float
    rate: bool = False


FIGURES: Mapping[str, Figure] = {
    "frame_rate_fps": Figure(
        metric=Metric(doc="Frames a second, the models running one after the other", unit="fps"),
        summed="latency.ms_p95",
        divisor=1e3,
        rate=True,
    ),
    "memory_bandwidth_mb_per_frame": Figure(
        metric=Metric(doc="Memory traffic of a frame, 1e6 bytes", unit="MB", better="lower"),
        summed="cost.traffic_bytes",
        divisor=1e6,
    ),
    "weight_memory_mb": Figure(
        metric=Metric(doc="Memory that weights take, 1e6 bytes", unit="MB", better="lower"),
        summed="cost.weight_bytes",
        divisor=1e6,
    ),
    "activation_memory_mb": Figure(
        metric=Metric(
            doc="Memory that activations take at most, 1e6 bytes; each model keeps its own",
            unit="MB",
            better="lower",
        ),
        summed="cost.peak_activation_bytes",
        divisor=1e6,
    ),
}
METRICS: Mapping[str, Metric] = {f"budget.{name}": f.metric for name, f in FIGURES.items()}


def budget_schema() -> Schema:
    """What `budget:` may hold."""
    lines: dict[str, Any] = {
        name: {
            "type": "number",
            "exclusiveMinimum": 0,
            "description": f"{figure.metric.doc}: {'at most' if _is_max(figure) else 'at least'}",
        }
        for name, figure in FIGURES.items()
    }
    lines["variants"] = {
        **mapping(TEXT),
        "description": f"The variant of a model that runs, or `{NONE}`; not named: the largest counts",
    }
    return {
        **named(lines, noun="budget"),
        "description": "Limits over all models that run on it at once",
    }


def read_budget(document: Document, value: Mapping[str, Any]) -> tuple[Budget, list[ManifestError]]:
    """The budget of a target's manifest, and what is wrong with it."""
    problems: list[ManifestError] = []
    lines = value.get("budget") or {}
    limits = []
    for name, bound in lines.items():
        if name in FIGURES and bound is not None:
            most = _is_max(FIGURES[name])
            limits.append(
                Limit(
                    metric=f"budget.{name}",
                    min=None if most else float(bound),
                    max=float(bound) if most else None,
                    declared_at=document.key(("budget", name)),
                )
            )
    waivers = read_waivers(document, value.get("waivers") or (), ("waivers",), problems)
    problems += _idle_waivers(document)
    budget = Budget(
        limits=tuple(limits),
        variants=lines.get("variants") or {},
        waivers=waivers,
        position=document.key(("budget",)) if "budget" in value else None,
    )
    return budget, problems


def _idle_waivers(document: Document) -> Iterator[ManifestError]:
    """Waivers of lines that the budget does not have, also where a line is wrong otherwise. Left in place,
    such a waiver would hold open a line that somebody adds later."""
    lines = document.value.get("budget")
    there = {f"budget.{name}" for name in lines} if isinstance(lines, dict) else set()
    for i, waiver in enumerate(document.value.get("waivers") or ()):
        metric = waiver.get("metric") if isinstance(waiver, dict) else None
        if metric in METRICS and metric not in there:
            yield ManifestError(
                f"no line of the budget is about `{metric}`, so there is nothing to waive",
                position=document.at(("waivers", i, "metric")),
                hint="remove the waiver, or add the line to `budget:`",
            )


def unknown_variants(
    document: Document, target: Target, models: Mapping[str, Model]
) -> Iterator[ManifestError]:
    """Models and variants that a budget names and that do not run on its target."""
    there = {m.name: labels(m.targets[target.name], target) for m in models.values()
             if target.name in m.targets and not m.targets[target.name].refused}  # fmt: skip
    for model, label in target.budget.variants.items():
        path = ("budget", "variants", model)
        if model not in there:
            near = suggest(model, there)
            yield ManifestError(
                f"no model {quoted(model)} is built for target {quoted(target.name)}",
                position=document.key(path),
                hint=f"did you mean `{near}`?" if near else f"there are: {', '.join(there)}",
            )
        elif label not in (*there[model], NONE):
            known = [name for name in there[model] if name]
            yield ManifestError(
                f"model {quoted(model)} has no variant {quoted(label)} on target {quoted(target.name)}",
                position=document.at(path),
                hint=f"there are: {', '.join((*known, NONE))}",
            )


def labels(use: ModelTarget, target: Target) -> tuple[str, ...]:
    """Labels of a model's variants on a target, as `plan.expand` gives them."""
    backends = target.backends_for(use)
    several = len(backends) > 1
    choices = itertools.product(
        *([f"{axis.name}-{value.label}" for value in axis.values] for axis in use.matrix)
    )
    return tuple(
        ",".join((*choice, *([backend] if several else [])))
        for choice in choices
        for backend in backends
    )


def _is_max(figure: Figure) -> bool:
    return figure.metric.better == "lower"
