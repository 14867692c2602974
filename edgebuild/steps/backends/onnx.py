"""ONNX for ONNX Runtime: the model as the recipe leaves it, in canonical bytes, proven to load."""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import contract_file, onnx_contract, onnx_file, onnx_run, placement
from edgebuild.step import Call, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Write, load what was written, describe it."""
    onnx_file.save(onnx_file.load(call.inputs["model"]), call.outputs["onnx"])
    written = onnx_file.load(call.outputs["onnx"])
    onnx_run.session(call.outputs["onnx"])
    contract_file.save(call.outputs["contract"], onnx_contract.of_model(written))
    placement.save(
        call.outputs["placement"],
        [
            placement.Stage(name=node.name, op=node.op_type, engine="CPU", layer=node.name)
            for node in written.graph.node
        ],
    )


def example(folder: Path) -> Call:
    """The tiny model."""
    return examples.call(folder, KIND)


KIND = StepKind(
    role="backend",
    run=run,
    tools="onnx",
    consumes=("model",),
    produces={"onnx": "model.onnx", "contract": "contract.json", "placement": "placement.json"},
    facts=("contract",),
    runtime="onnxruntime",
    probes={
        "layers": ("layers_onnxruntime",),
        "optimised": ("unchanged",),
        "timings": ("timings_onnxruntime",),
    },
)
