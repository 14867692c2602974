"""Appends what a file says that is no input: the step looks for itself, in every build."""

from dataclasses import dataclass
from pathlib import Path

from edgebuild.step import StepKind, param


@dataclass(frozen=True, kw_only=True)
class Params:
    """What to look at."""

    path: str = param("path of the file")


def run(call):
    text = call.inputs["model"].read_text()
    call.outputs["model"].write_text(f"{text}\n{Path(call.params.path).read_text()}")


KIND = StepKind(
    role="pass", run=run, tools="python", consumes=("model",), produces={"model": "model.txt"},
    params=Params, fresh=True,
)  # fmt: skip
