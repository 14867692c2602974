"""A network that exists as an ONNX file.

The file must hold its weights (no external data) and pass the checks of ONNX. Its inputs and
outputs must be those the manifest declares; a dimension it leaves open takes the declared size.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgebuild.formats import onnx_contract, onnx_file
from edgebuild.step import Call, Contract, File, ProjectFile, StepKind, param
from edgebuild.steps import examples


@dataclass(frozen=True, kw_only=True)
class Params:
    """The one file."""

    model: File = param("ONNX file, of the project or by URL and sha256")


def run(call: Call) -> None:
    """Load, check, fix the shapes, write as canonical bytes."""
    path = call.inputs["model"]
    model = onnx_file.load(path)
    onnx_contract.fix(model, Contract.from_json(call.facts["contract"]), path.name)
    onnx_file.save(model, call.outputs["model"])


def example(folder: Path) -> Call:
    """The tiny model, through as it is."""
    onnx_file.save(examples.model(), folder / "network.onnx")
    return examples.call(
        folder,
        KIND,
        params=Params(model=ProjectFile(path="network.onnx")),
        facts={"contract": examples.CONTRACT.to_json()},
        inputs={"model": folder / "network.onnx"},
    )


KIND = StepKind(
    role="source",
    run=run,
    tools="onnx",
    produces={"model": "model.onnx"},
    params=Params,
    facts=("contract",),
)
