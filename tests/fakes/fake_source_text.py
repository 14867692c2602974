"""A model that is a text file."""

from dataclasses import dataclass

from edgebuild.step import File, StepKind, param


@dataclass(frozen=True, kw_only=True)
class Params:
    """The file."""

    file: File = param("the text")


def run(call):
    text = call.inputs["file"].read_text()
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    call.outputs["model"].write_text(code)


KIND = StepKind(
    role="source", run=run, tools="python", produces={"model": "model.txt"}, params=Params,
    canonical="tidy", runtime="oracle",
)  # fmt: skip
