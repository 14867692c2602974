"""Says that the words are to blame, the model or its letters."""

import json

from edgebuild.step import StepKind


def run(call):
    found = [{"cause": "the words", "evidence": f"read {', '.join(sorted(call.inputs))}"}]
    call.outputs["diagnosis"].write_text(json.dumps(found))


KIND = StepKind(
    role="probe", run=run, tools="python", consumes=("upper", "model?", "letters?"),
    produces={"diagnosis": "diagnosis.json"},
)  # fmt: skip
