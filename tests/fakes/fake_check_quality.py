"""What each metric makes of the sum of the counts."""

import importlib
import json
from dataclasses import dataclass

from edgebuild.step import File, Measurement, StepKind, param


@dataclass(frozen=True, kw_only=True)
class Params:
    """How answers become predictions."""

    decode: File | None = param("unused", None)
    decode_function: str = param("unused", "")


def run(call):
    from edgebuild.formats import measurements

    total = {p: sum(json.loads(call.inputs[p].read_text()).values()) for p in call.inputs}
    rows = [
        Measurement(
            metric=name,
            value=importlib.import_module(how["module"]).score(total["actual"], [1])[0],
            baseline=total["expected"],
            evidence=call.facts["evidence"],
        )
        for name, how in call.facts["metrics"].items()
    ]  # fmt: skip
    measurements.save(call.outputs["measurements"], rows)


KIND = StepKind(
    role="check", run=run, tools="python", consumes=("expected", "actual"), params=Params,
    facts=("evidence", "metrics"), produces={"measurements": "measurements.json"},
)  # fmt: skip
