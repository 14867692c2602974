"""Counts the letters of the artifact, on an abacus."""

import json

from edgebuild.step import StepKind


def run(call):
    text = call.inputs["upper"].read_text()
    call.outputs["letters"].write_text(json.dumps({"letters": len(text), "by": "abacus"}))


KIND = StepKind(
    role="probe", run=run, tools="python", consumes=("upper",),
    produces={"letters": "letters.json"}, needs=("abacus", "device.soc"),
)  # fmt: skip
