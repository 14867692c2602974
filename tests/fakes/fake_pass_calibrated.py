"""Appends the calibration words."""

from edgebuild.step import StepKind


def run(call):
    text = call.inputs["model"].read_text() + "\n" + call.inputs["calibration"].read_text()
    call.outputs["model"].write_text(text)


KIND = StepKind(
    role="pass", run=run, tools="python", consumes=("model", "calibration"),
    produces={"model": "model.txt"},
)  # fmt: skip
