"""Whether the artifact is odd: never, and it must not be."""

from edgebuild.step import Measurement, Metric, StepKind


def run(call):
    from edgebuild.formats import measurements

    row = Measurement(metric="oddities", value=1.0, evidence="host", detail="it is odd")
    measurements.save(call.outputs["measurements"], [row])


KIND = StepKind(
    role="check", run=run, tools="python", consumes=("artifact.*",),
    produces={"measurements": "measurements.json"},
    metrics={"oddities": Metric(doc="what is odd", better="lower", always=True)},
)  # fmt: skip
