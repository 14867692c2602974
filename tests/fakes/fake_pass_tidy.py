"""Drops blanks at line ends."""

from edgebuild.step import StepKind


def run(call):
    lines = call.inputs["model"].read_text().splitlines()
    call.outputs["model"].write_text("\n".join(line.rstrip() for line in lines))


KIND = StepKind(
    role="pass", run=run, tools="python", consumes=("model",), produces={"model": "model.txt"}
)
