"""MyriadX blob for Luxonis OAK cameras and other Myriad X devices, compiled offline.

Intel's own compiler (OpenVINO 2021.4.2) runs in a process of its own; no device, no cloud. It reads
ONNX up to opset 13; put the pass `legalize` at the end of the recipe. A model with an op or form
that it is known to misread is refused by name before it is started, and the blob's own inputs
and outputs are compared with the model's afterwards.

The chip computes in float16: outputs are float16. With `input_precision: U8` each image (an input
of rank 4 with a declared `color`) takes bytes 0..255 as a camera delivers them;
`embed_preprocessing` must have put its mean and scale into the network. All other inputs stay
float16, since bytes cannot hold their values.

`placement` names for every stage the engine that runs it: NCE (the neural compute engine's fixed
hardware), SHAVE (a program on the vector cores) or DMA (a copy), and the node it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgebuild.errors import EdgebuildError
from edgebuild.formats import blob, contract_file, placement
from edgebuild.myriad import compile, contract, example_model, stages
from edgebuild.step import Call, Contract, StepKind, Tensor, param
from edgebuild.steps import examples


class MyriadParamsError(EdgebuildError):
    """Parameters that contradict each other."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """What of the chip the network may use, and how images are fed."""

    shaves: int = param("SHAVE cores the network may use", 4, minimum=1, maximum=16)
    slices: int | None = param(
        "slices of on-chip memory, 128 kB each; as many as `shaves`", None, minimum=1, maximum=16
    )
    input_precision: Literal["U8", "FP16"] = param(
        "how images are fed: U8 as bytes, or FP16", "FP16"
    )


def after(params: Params, before: Contract) -> Contract:
    """The contract of the blob: images as bytes with U8, everything else float16."""
    _slices(params)
    return contract.after(before, params.input_precision)


def run(call: Call) -> None:
    """Compile, read the blob back, compare, describe."""
    before = Contract.from_json(call.facts["contract"])
    compiled = compile.compile_model(
        call.inputs["model"],
        tools=call.tools,
        folder=call.folder,
        inputs=contract.precisions(before, call.params.input_precision),
        shaves=call.params.shaves,
        slices=_slices(call.params),
        timeout_s=KIND.time_limit_s - 20,
    )
    found = blob.read(compiled.blob)
    made = contract.read_back(found, compiled.header, after(call.params, before))
    placed = stages.placed(found, compiled.graph, compile.nodes_by_tensor(compiled.header))
    call.outputs["blob"].write_bytes(compiled.blob)
    contract_file.save(call.outputs["contract"], made)
    placement.save(call.outputs["placement"], placed)


def example(folder: Path) -> Call:
    """A convolution over an RGB image of 6 x 4, fed as bytes. It needs `tools` put in."""
    image = Tensor(shape=(1, 3, 6, 4), layout="NCHW", color="RGB")
    mask = Tensor(shape=(1, 2, 6, 4), layout="NCHW")
    (folder / "model.onnx").write_bytes(example_model.onnx("image", "mask"))
    return examples.call(
        folder,
        KIND,
        params=Params(shaves=2, input_precision="U8"),
        facts={"contract": Contract(inputs={"image": image}, outputs={"mask": mask}).to_json()},
        inputs={"model": folder / "model.onnx"},
    )


def _slices(params: Params) -> int:
    slices = params.shaves if params.slices is None else params.slices
    if slices < params.shaves:
        raise MyriadParamsError(
            f"{params.shaves} SHAVEs cannot share {slices} slices of on-chip memory",
            hint="leave `slices` out, or give at least as many as `shaves`",
        )
    return slices


KIND = StepKind(
    role="backend",
    run=run,
    tools="myriad",
    consumes=("model",),
    produces={"blob": "model.blob", "contract": "contract.json", "placement": "placement.json"},
    params=Params,
    facts=("contract",),
    contract=after,
    platform=("isa",),  # constants that the compiler folds are computed by this machine
    code=("edgebuild.myriad",),  # also what runs in the compiler's process
    runtime="onnx_fp16",
    probes={"layers": ("layers_onnx_fp16",), "timings": ("timings_depthai", "estimate")},
    floats="float16",
    time_limit_s=900,
)
