"""How many tensors of the artifact are not those expected."""

import json

from edgebuild.step import Measurement, Metric, StepKind


def run(call):
    from edgebuild.formats import measurements

    found = json.loads(call.inputs["contract"].read_text())
    wrong = sum(
        a != b
        for side in found
        for a, b in zip(found[side], call.facts["contract"][side], strict=True)
    )
    row = Measurement(metric="mismatches", value=wrong, evidence="host")
    measurements.save(call.outputs["measurements"], [row])


KIND = StepKind(
    role="check", run=run, tools="python", consumes=("contract",), facts=("contract",),
    produces={"measurements": "measurements.json"},
    metrics={"mismatches": Metric(doc="tensors that differ", better="lower")},
)  # fmt: skip
