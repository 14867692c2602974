"""The few figures a variant is known by, out of its report: size, quality, agreement, time of a frame."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edgebuild.report.figures import between, figure, numbers, quantile


@dataclass(frozen=True, kw_only=True)
class Quality:
    """The metric a variant is judged by first. `baseline` is the source's figure."""

    metric: str
    value: float | None
    baseline: float | None
    interval: tuple[float, float] | None
    evidence: str


@dataclass(frozen=True, kw_only=True)
class Headline:
    """`parity_db` is that of the worst output, `latency_ms` the median; None = not measured."""

    name: str
    label: str
    accepted: bool
    size_bytes: int
    quality: Quality | None
    parity_db: float | None
    parity_evidence: str
    latency_ms: float | None
    latency_evidence: str


def headline(report: Mapping[str, Any]) -> Headline:
    """Of any report that `read_report` accepts."""
    parity, parity_evidence = _worst_parity(report)
    latency, latency_evidence = _latency(report)
    return Headline(
        name=report["name"],
        label=report["label"] or report["backend"],
        accepted=report["accepted"],
        size_bytes=size_bytes(report),
        quality=_quality(report),
        parity_db=parity,
        parity_evidence=parity_evidence,
        latency_ms=latency,
        latency_evidence=latency_evidence,
    )


def size_bytes(report: Mapping[str, Any]) -> int:
    """The artifact's own files, without what is said about it."""
    return sum(f["size_bytes"] for f in report["files"] if not f["name"].endswith(".json"))


def measured(report: Mapping[str, Any], metric: str) -> Iterator[Mapping[str, Any]]:
    """Measurements of a metric, or of all metrics of a check (`quality.`)."""
    for row in report.get("measurements", ()):
        if row["metric"] == metric or (metric.endswith(".") and row["metric"].startswith(metric)):
            yield row


def _quality(report: Mapping[str, Any]) -> Quality | None:
    """The first that the manifest accepts by, else the first that was measured."""
    rows = list(measured(report, "quality."))
    wanted = [f["metric"] for f in report["findings"] if f["metric"].startswith("quality.")]
    rows.sort(key=lambda row: wanted.index(row["metric"]) if row["metric"] in wanted else 99)
    for row in rows:
        value = figure(row.get("value"))
        if value is not None and math.isfinite(value):
            return Quality(
                metric=row["metric"],
                value=value,
                baseline=figure(row.get("baseline")),
                interval=between(row.get("interval")),
                evidence=row["evidence"],
            )
    return None


def _worst_parity(report: Mapping[str, Any]) -> tuple[float | None, str]:
    found = [
        (value, row["evidence"])
        for row in measured(report, "parity.sqnr_db")
        if (value := figure(row.get("value"))) is not None
    ]
    return min(found, default=(None, ""))


def _latency(report: Mapping[str, Any]) -> tuple[float | None, str]:
    for row in measured(report, "latency."):
        value = figure(row.get("value"))
        if "p50" in row["metric"] and value is not None:
            return value, row["evidence"]
    details = report.get("details", {}).get("latency")
    if isinstance(details, Mapping) and (times := sorted(numbers(details.get("ms")))):
        return quantile(times, 0.5), str(details.get("evidence", ""))
    return None, ""
