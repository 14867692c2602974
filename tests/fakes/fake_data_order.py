"""Tells in which order it sees its files."""

from dataclasses import dataclass

from edgebuild.step import File, StepKind, param


@dataclass(frozen=True, kw_only=True)
class Params:
    """As fake_data_words has them."""

    file: File = param("unused")
    function: str = param("unused")
    samples: int = param("unused", 3)
    seed: int = param("unused", 0)
    files: dict[str, File] = param("files", None)


def run(call):
    ports = [port for port in call.inputs if port.startswith("files.")]
    call.outputs["dataset"].write_text(" ".join(ports))


KIND = StepKind(
    role="data", run=run, tools="python", produces={"dataset": "dataset.txt"}, params=Params
)
