"""Size of the artifact in bytes."""

from edgebuild.step import Measurement, Metric, StepKind


def run(call):
    from edgebuild.formats import measurements

    size = sum(path.stat().st_size for path in call.inputs.values())
    row = Measurement(metric="bytes", value=size, evidence="host")
    measurements.save(call.outputs["measurements"], [row], {"files": len(call.inputs)})


KIND = StepKind(
    role="check", run=run, tools="python", consumes=("artifact.*",),
    produces={"measurements": "measurements.json"},
    metrics={"bytes": Metric(doc="size", unit="bytes", better="lower")},
)  # fmt: skip
