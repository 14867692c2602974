"""Blames one thing for oddities and another for something else; unless the model says MUTE."""

import json

from edgebuild.errors import EdgebuildError
from edgebuild.step import StepKind


def run(call):
    if "MUTE" in call.inputs["upper"].read_text():
        raise EdgebuildError("it is mute")
    found = [
        {"cause": "the moon", "evidence": "it is full", "about": ["odd", "quality"]},
        {"cause": "the sun", "evidence": "it is out", "about": ["parity"]},
    ]
    call.outputs["diagnosis"].write_text(json.dumps(found))


KIND = StepKind(
    role="probe", run=run, tools="python", consumes=("upper",),
    produces={"diagnosis": "diagnosis.json"},
)  # fmt: skip
