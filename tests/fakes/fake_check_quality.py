"""Sums of the counts, of the source and of the artifact."""

import json
from dataclasses import dataclass

from edgebuild.step import File, Measurement, StepKind, param


@dataclass(frozen=True, kw_only=True)
class Params:
    """Which metrics."""

    metrics: tuple[str, ...] = param("names")
    decode: File | None = param("unused", None)
    decode_function: str = param("unused", "")


def run(call):
    from edgebuild.formats import measurements

    total = {p: sum(json.loads(call.inputs[p].read_text()).values()) for p in call.inputs}
    rows = [
        Measurement(
            metric=name, value=total["actual"], baseline=total["expected"],
            evidence=call.facts["evidence"],
        )
        for name in call.params.metrics
    ]  # fmt: skip
    measurements.save(call.outputs["measurements"], rows)


KIND = StepKind(
    role="check", run=run, tools="python", consumes=("expected", "actual"), params=Params,
    facts=("evidence",), produces={"measurements": "measurements.json"},
)  # fmt: skip
