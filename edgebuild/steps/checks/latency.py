"""How long a frame takes: on the device, on the machine that builds, or estimated.

The best there is counts: a device that is attached, a device of a cloud service that the user has a
token for, the host where artifacts are made for CPUs, else an estimate. `evidence` says which it was,
and a gate that is content with some kinds of evidence only says so:
`latency.ms_p95: {max: 20, evidence: [device]}`.

Percentiles are by nearest rank: the smallest time that at least so many of the measured frames do not
exceed. Of fewer than 20 frames the 95th, of fewer than 100 the 99th is the slowest one. `jitter_ms` is
the distance from the 50th to the 95th. `throughput_fps` is of one frame after the other, not of several
in flight. An estimate is one figure: all percentiles are that, and it has neither jitter nor warm-up.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from edgebuild.formats import measurements, timings
from edgebuild.formats.timings import ENOUGH, Timings
from edgebuild.step import Call, Measurement, Metric, StepKind
from edgebuild.steps import examples

_NO_SPREAD = "an estimate has no spread"


def run(call: Call) -> None:
    """Read off what was measured; say what could not be."""
    found = timings.load(call.inputs["timings"])

    def measured(metric: str, value: float | None, detail: str) -> Measurement:
        return Measurement(
            metric=f"latency.{metric}", value=value, evidence=found.evidence, detail=detail
        )

    values = {
        "ms_p50": found.p50,
        "ms_p95": found.p95,
        "ms_p99": found.p99,
        "jitter_ms": found.jitter_ms,
        "throughput_fps": found.throughput_fps,
        "warmup_ms": found.warmup_ms,
    }
    rows = [measured(name, value, _detail(found, name)) for name, value in values.items()]
    measurements.save(call.outputs["measurements"], rows, asdict(found))


def _detail(found: Timings, metric: str) -> str:
    """How a figure is to be taken, or why there is none."""
    if found.runs == 0:
        spread = () if found.p50 is None or metric == "throughput_fps" else (_NO_SPREAD,)
        return "; ".join(filter(None, (*spread, found.note)))
    if metric == "jitter_ms" and found.jitter_ms is None:
        return "one frame has no jitter"
    if metric == "warmup_ms":
        return "" if found.warmup_ms is not None else "the first frame was not told apart"
    if found.runs < ENOUGH.get(metric.removeprefix("ms_"), 0):
        text = f"the slowest of {found.runs} frames" if found.runs > 1 else "of one frame"
    else:
        text = f"of {found.runs} frames"
    # Which device it was: a chip of the target's kind need not be the target's board.
    return f"{text}; {found.note}" if found.evidence == "device" and found.note else text


def example(folder: Path) -> Call:
    """Twenty frames."""
    made = timings.measured(
        "onnxruntime", "host", [1.0 + i / 100 for i in range(20)], warmup_ms=5.0
    )
    timings.save(folder / "timings.json", made)
    return examples.call(folder, KIND, inputs={"timings": folder / "timings.json"})


KIND = StepKind(
    role="check",
    run=run,
    tools="python",
    consumes=("timings",),
    produces={"measurements": "measurements.json"},
    metrics={
        "ms_p50": Metric(doc="time of a frame, the median", unit="ms", better="lower"),
        "ms_p95": Metric(doc="time that 95 of 100 frames do not exceed", unit="ms", better="lower"),
        "ms_p99": Metric(doc="time that 99 of 100 frames do not exceed", unit="ms", better="lower"),
        "jitter_ms": Metric(
            doc="how much longer the 95th percentile is than the median", unit="ms", better="lower"
        ),
        "throughput_fps": Metric(doc="frames a second, one after the other", unit="fps"),
        "warmup_ms": Metric(doc="time of the very first frame", unit="ms", better="lower"),
    },
)
