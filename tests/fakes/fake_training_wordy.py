"""Trains by writing a word."""

from dataclasses import dataclass

from edgebuild.step import File, StepKind, param


@dataclass(frozen=True, kw_only=True)
class Params:
    """The seed."""

    file: File = param("the code")
    function: str = param("its function", "train")
    modules: tuple[File, ...] = param("more files", ())
    seed: int = param("seed", 0)


def run(call):
    call.outputs["weights"].write_text(f"seed {call.params.seed}")
    call.outputs["record"].write_text("{}")


KIND = StepKind(
    role="training", run=run, tools="python", params=Params,
    produces={"weights": "weights.safetensors", "record": "training.json"},
)  # fmt: skip
