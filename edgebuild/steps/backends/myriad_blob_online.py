"""MyriadX blob from Luxonis' online compiler, for those who want the vendor's service.

`myriad_blob` makes blobs offline and is to be preferred: the service gets the whole model, and may
change or end any day. What it gave once is in the store, but the key cannot promise it again: a
store that was lost is filled with whatever the service answers then, other bytes maybe, and
`doit audit` will show it. The log holds the service's address and the versions it reported.

`openvino` is the release that the service is to compile with; its blob must say the same. The
service runs Model Optimizer on the ONNX file (`--data_type FP16`, nothing done to the values) and
Intel's compiler on what that gives. What `myriad_blob` refuses by name is refused here too, since
the compilers are of one family. `url` may be a copy of the service of your own.

The blob is compared with the model as by `myriad_blob`, and is fed alike; `input_precision` means
the same. The service tells no internal graph, so `placement` names each stage's engine but not
the layer it came from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgebuild import cloud
from edgebuild.cloud import CloudError, luxonis
from edgebuild.formats import blob, contract_file, onnx_header, placement
from edgebuild.myriad import contract, example_model, refusals, stages
from edgebuild.step import Call, Contract, StepKind, Tensor, param
from edgebuild.steps import examples


@dataclass(frozen=True, kw_only=True)
class Params:
    """What is asked of the service, and of which one."""

    shaves: int = param(
        "SHAVE cores the network may use, and as many slices of on-chip memory",
        4,
        minimum=1,
        maximum=luxonis.MOST_SHAVES,
    )
    input_precision: Literal["U8", "FP16"] = param(
        "how images are fed: U8 as bytes, or FP16", "FP16"
    )
    openvino: Literal["2021.2", "2021.3", "2021.4", "2022.1"] = param(
        "release of OpenVINO that the service compiles with", "2021.4"
    )
    url: str = param("address of the service", luxonis.URL)


def after(params: Params, before: Contract) -> Contract:
    """The contract of the blob: images as bytes with U8, everything else float16."""
    luxonis.check_url(params.url)
    return contract.after(before, params.input_precision)


def run(call: Call) -> None:
    """Ask, read what came, compare, describe."""
    params: Params = call.params
    before = Contract.from_json(call.facts["contract"])
    header = onnx_header.read_file(call.inputs["model"])
    refusals.check(header)
    foretold = after(params, before)
    answer = luxonis.compile_model(
        call.inputs["model"],
        url=params.url,
        version=params.openvino,
        shaves=params.shaves,
        inputs=contract.precisions(before, params.input_precision),
        folder=call.folder,
        limit_s=KIND.time_limit_s - 20,
    )
    cloud.log({"service": params.url, "asked for": params.openvino, **answer.versions})
    found = _read(answer.blob, params)
    made = contract.read_back(found, header, foretold)
    call.outputs["blob"].write_bytes(answer.blob)
    contract_file.save(call.outputs["contract"], made)
    placement.save(call.outputs["placement"], stages.without_graph(found))


def _read(data: bytes, params: Params) -> blob.Blob:
    try:
        found = blob.read(data)
    except blob.BlobError as error:
        raise CloudError(
            f"what Luxonis' compiler answered is no blob: {error.message}",
            fields={"service": params.url, **error.fields},
            hint="try again later; the backend `myriad_blob` compiles with no network",
        ) from None
    if (found.shaves, found.slices) != (params.shaves, params.shaves):
        raise CloudError(
            f"Luxonis' compiler made a blob for {found.shaves} SHAVEs and {found.slices} slices,"
            f" not {params.shaves}",
            fields={"service": params.url},
        )
    return found


def example(folder: Path) -> Call:
    """A convolution over an RGB image of 6 x 4, fed as bytes. It needs the service."""
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


KIND = StepKind(
    role="backend",
    run=run,
    tools="blobconverter",
    consumes=("model",),
    produces={"blob": "model.blob", "contract": "contract.json", "placement": "placement.json"},
    params=Params,
    facts=("contract",),
    contract=after,
    secrets=cloud.CONNECTION,
    runtime="onnx_fp16",
    probes={"layers": ("layers_onnx_fp16",), "timings": ("timings_depthai", "estimate")},
    floats="float16",
    time_limit_s=900,
)
