"""Counts what a frame costs on the target: operations, bytes and a roofline's time, layer by layer.

It reads the ONNX that the backend compiles. `edgebuild.formats.onnx_cost` says what is counted and how; where
the backend tells what the compiler made of each layer, times are of the engine that runs it
(`edgebuild.formats.roofline`). A model with a shape that is not known has no cost, and what gates on it is
unproven.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgebuild.formats import blob, costs, onnx_cost, onnx_file, placement, roofline
from edgebuild.formats.onnx_buffers import CostError
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples

_VENDOR_DOMAINS = frozenset({"com.microsoft"})  # Q/DQ of 16 bits below opset 21


def run(call: Call) -> None:
    """Count, time, write."""
    model = onnx_file.load(call.inputs["model"], vendor_domains=_VENDOR_DOMAINS)
    contract = Contract.from_json(call.facts["contract"])
    try:
        counted = onnx_cost.count(model, contract, call.facts["floats"])
    except CostError as error:
        counted = costs.unknown(error.message)
    timed = roofline.timed(counted, call.facts["roofline"], _placed(call.inputs))
    costs.save(call.outputs["costs"], timed)


def _placed(inputs: Mapping[str, Path]) -> list[roofline.Placed]:
    """The artifact's stages; a blob says of how many SHAVE cores each is a program."""
    if "placement" not in inputs:
        return []
    stages = placement.load(inputs["placement"])
    shaves = [0] * len(stages)
    if "blob" in inputs:
        shaves = [stage.shaves for stage in blob.read(inputs["blob"].read_bytes()).stages]
    return [roofline.Placed(stage=s, shaves=n) for s, n in zip(stages, shaves, strict=True)]


def example(folder: Path) -> Call:
    """The tiny model on a chip of 10 billion operations and 1 GB a second."""
    onnx_file.save(examples.model(), folder / "model.onnx")
    placement.save(
        folder / "placement.json",
        [
            placement.Stage(name="c1", op="Conv2d", engine="HTP", layer="conv1"),
            placement.Stage(name="c2", op="Conv2d", engine="HTP", layer="conv2"),
            placement.Stage(name="s", op="Sigmoid", engine="HTP", layer="sigmoid"),
        ],
    )
    return examples.call(
        folder,
        KIND,
        facts={
            "contract": examples.CONTRACT.to_json(),
            "floats": "float16",
            "roofline": {"peak_gops": {"fp16": 10}, "bandwidth_gb_s": 1, "source": "an example"},
        },
        inputs={"model": folder / "model.onnx", "placement": folder / "placement.json"},
    )


KIND = StepKind(
    role="probe",
    run=run,
    tools="onnx",
    consumes=("model", "placement?", "blob?"),
    produces={"costs": "costs.json"},
    facts=("contract", "floats", "roofline"),
)
