"""What an artifact needs: a byte of weights a letter, unless it says UNKNOWN."""

from edgebuild.step import Measurement, Metric, StepKind


def run(call):
    from edgebuild.formats import measurements

    text = call.inputs["upper"].read_text()
    value = None if "UNKNOWN" in text else len(text)
    row = Measurement(metric="cost.weight_bytes", value=value, evidence="host", detail="counted")
    measurements.save(call.outputs["measurements"], [row])


KIND = StepKind(
    role="check", run=run, tools="python", consumes=("upper",),
    produces={"measurements": "measurements.json"},
    metrics={"weight_bytes": Metric(doc="weights", unit="bytes", better="lower")},
)  # fmt: skip
