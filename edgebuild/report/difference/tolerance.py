"""Whether two figures of two builds differ, or only as measuring does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from edgebuild.report.figures import between, figure

Verdict = Literal["equal", "noise", "different"]

# What is counted or added up is exact; the rest differs a little with every other tool or CPU.
_EXACT = ("budget", "contract", "cost", "placement", "security", "size", "skew", "weights")
_SHARE = 1e-3
_PARITY_DB = 0.5
_PARITY_SHARE = 0.05
# Of how a measurement itself went: the jitter of two runs is seldom the same.
_LOOSE = {"latency.jitter_ms": 1.0, "latency.warmup_ms": 0.5}
_PERCENTILES = ("latency.ms_p50", "latency.ms_p95", "latency.ms_p99")


@dataclass(frozen=True, kw_only=True)
class Jitter:
    """How much the times of a build's frames differ among themselves; 0 = not known."""

    ms: float = 0.0
    share: float = 0.0

    @staticmethod
    def of(report: Mapping[str, Any]) -> Jitter:
        """From the 50th to the 95th percentile, in ms and as a share of the 50th."""
        values = {m["metric"]: figure(m.get("value")) for m in report.get("measurements", ())}
        ms, median = values.get("latency.jitter_ms"), values.get("latency.ms_p50")
        return Jitter(ms=ms, share=ms / median) if ms and median else Jitter()


def compared(
    metric: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    jitters: tuple[Jitter, Jitter],
) -> Verdict:
    """Of two measurements (rows of reports) that both have a value and the same evidence.

    `noise`: each lies in the other's interval of confidence; or times differ by no more than the frames
    of one build did; or by less than what another CPU or tool version changes.
    """
    old, new = figure(before["value"]), figure(after["value"])
    assert old is not None
    assert new is not None
    if old == new:
        return "equal"
    if not (math.isfinite(old) and math.isfinite(new)):
        return "different"
    spans = between(before.get("interval")), between(after.get("interval"))
    if all(spans):
        inside = spans[0][0] <= new <= spans[0][1] and spans[1][0] <= old <= spans[1][1]  # type: ignore[index]
        return "noise" if inside else "different"
    return "noise" if abs(new - old) <= _allowed(metric, old, new, jitters) else "different"


def _allowed(metric: str, old: float, new: float, jitters: tuple[Jitter, Jitter]) -> float:
    check = metric.partition(".")[0]
    largest = max(abs(old), abs(new))
    if check in _EXACT:
        return 0.0
    if metric in _LOOSE:
        return _LOOSE[metric] * min(abs(old), abs(new))
    if metric in _PERCENTILES:
        return max(*(j.ms for j in jitters), _SHARE * largest)
    if metric == "latency.throughput_fps":
        return max(*(j.share for j in jitters), _SHARE) * largest
    if check == "parity":
        return _PARITY_DB if metric.endswith("_db") else _PARITY_SHARE * largest
    return _SHARE * largest
