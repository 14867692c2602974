"""Words from a file, as many as asked for."""

from dataclasses import dataclass

from edgebuild.step import File, StepKind, param


@dataclass(frozen=True, kw_only=True)
class Params:
    """The file and how many."""

    file: File = param("the words")
    function: str = param("unused")
    samples: int = param("how many", 3)
    seed: int = param("unused", 0)
    files: dict[str, File] = param("more", None)


def run(call):
    words = call.inputs["file"].read_text().split()
    call.outputs["dataset"].write_text(" ".join(words[: call.params.samples]))


KIND = StepKind(
    role="data", run=run, tools="python", produces={"dataset": "dataset.txt"}, params=Params
)
