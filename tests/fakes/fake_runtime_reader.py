"""What a model says of the evaluation words: how often each occurs in it."""

import json

from edgebuild.step import StepKind


def run(call):
    text = call.inputs["model"].read_text()
    words = call.inputs["evaluation"].read_text().split()
    call.outputs["actual"].write_text(json.dumps({w: text.count(w) for w in words}))


KIND = StepKind(
    role="runtime", run=run, tools="python", consumes=("model", "evaluation"),
    produces={"actual": "actual.json"}, evidence="host",
)  # fmt: skip
