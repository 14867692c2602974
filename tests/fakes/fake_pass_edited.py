"""Appends a word; meanwhile its own source is edited, as long as a file `edit` lies beside it."""

from dataclasses import dataclass
from pathlib import Path

from edgebuild.step import StepKind, param


@dataclass(frozen=True, kw_only=True)
class Params:
    """The word."""

    word: str = param("what to append")


def run(call):
    if Path(__file__).with_name("edit").exists():
        with Path(__file__).open("a") as file:
            file.write("# edited\n")
    call.outputs["model"].write_text(call.inputs["model"].read_text() + call.params.word)


KIND = StepKind(
    role="pass", run=run, tools="python", consumes=("model",), produces={"model": "model.txt"},
    params=Params,
)  # fmt: skip
