"""Compiles a text: reverse."""

import json
from dataclasses import dataclass

from edgebuild.step import StepKind, param


@dataclass(frozen=True, kw_only=True)
class Params:
    """How often."""

    times: int = param("how often the text is repeated", 1)


def run(call):
    text = call.inputs["model"].read_text() * call.params.times
    made = text.upper() if "reverse" == "upper" else text[::-1]
    call.outputs["reverse"].write_text(made)
    call.outputs["contract"].write_text(json.dumps(call.facts["contract"]))
    call.outputs["placement"].write_text("[]")


KIND = StepKind(
    role="backend", run=run, tools="python", consumes=("model",), params=Params,
    produces={"reverse": "model.reverse", "contract": "contract.json", "placement": "placement.json"},
    facts=("contract",), runtime="reader",
)  # fmt: skip
