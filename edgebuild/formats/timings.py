"""How long a frame takes, measured frame by frame or estimated, as JSON.

An object of `by` (which probe's means: onnxruntime, openvino, litert, ncnn, depthai, qai_hub, roofline),
`evidence`, `ms` (sorted; of more than 200 runs 200 evenly spaced ones), `warmup_ms` (the first frame),
`runs`, `p50`, `p95`, `p99`, `jitter_ms`, `throughput_fps`, `cpu` and `note`. Times are in ms; what is
not known is null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from edgebuild.step import Evidence

MOST_KEPT = 200
# Fewer runs than this and the percentile is simply the slowest of them.
ENOUGH = {"p50": 2, "p95": 20, "p99": 100}


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Made by `measured`, `estimated` or `unknown`. `runs` is 0 where nothing ran: of an estimate all
    percentiles are the one figure, and neither `warmup_ms` nor `jitter_ms` is known."""

    by: str
    evidence: Evidence
    ms: tuple[float, ...]
    runs: int
    warmup_ms: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    jitter_ms: float | None
    throughput_fps: float | None
    cpu: str = ""
    note: str = ""


def measured(
    by: str,
    evidence: Evidence,
    ms: Sequence[float],
    *,
    warmup_ms: float | None,
    cpu: str = "",
    note: str = "",
) -> Timings:
    """Of frames run one after the other. Percentiles are by nearest rank: the smallest figure that at least
    so many of all are not above. Jitter is p95 - p50. Throughput is runs by their sum."""
    assert ms, "nothing was measured"
    runs = sorted(ms)
    p50, p95, p99 = (_percentile(runs, percent) for percent in (50, 95, 99))
    return Timings(
        by=by,
        evidence=evidence,
        ms=tuple(round(value, 6) for value in _thinned(runs)),
        runs=len(runs),
        warmup_ms=warmup_ms,
        p50=p50,
        p95=p95,
        p99=p99,
        jitter_ms=p95 - p50 if len(runs) > 1 else None,
        throughput_fps=1000 * len(runs) / math.fsum(runs),
        cpu=cpu,
        note=note,
    )


def estimated(by: str, ms: float, *, note: str = "") -> Timings:
    """One figure above 0, which nothing was run for; `note` says what it does not take into account."""
    return Timings(
        by=by,
        evidence="estimated",
        ms=(ms,),
        runs=0,
        warmup_ms=None,
        p50=ms,
        p95=ms,
        p99=ms,
        jitter_ms=None,
        throughput_fps=1000 / ms,
        note=note,
    )


def unknown(by: str, reason: str) -> Timings:
    """There is not even an estimate, for `reason`."""
    return Timings(
        by=by,
        evidence="estimated",
        ms=(),
        runs=0,
        warmup_ms=None,
        p50=None,
        p95=None,
        p99=None,
        jitter_ms=None,
        throughput_fps=None,
        note=reason,
    )


def save(path: Path, timings: Timings) -> None:
    """Write what `load` reads."""
    path.write_text(json.dumps(asdict(timings), indent=1, ensure_ascii=False, allow_nan=False))


def load(path: Path) -> Timings:
    """Read what `save` wrote."""
    document = json.loads(path.read_text())
    return Timings(**{**document, "ms": tuple(document["ms"])})


def _percentile(runs: Sequence[float], percent: int) -> float:
    """By nearest rank; `runs` is sorted."""
    return runs[max(0, math.ceil(percent * len(runs) / 100) - 1)]


def _thinned(runs: Sequence[float]) -> list[float]:
    """At most MOST_KEPT, first and last among them."""
    if len(runs) <= MOST_KEPT:
        return list(runs)
    step = (len(runs) - 1) / (MOST_KEPT - 1)
    return [runs[round(i * step)] for i in range(MOST_KEPT)]
