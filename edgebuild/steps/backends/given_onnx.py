"""An ONNX file that somebody else made: verified as it is, and published byte by byte.

It may hold ops of ONNX Runtime's own (`com.microsoft`), as quantisers make them. Dimensions it leaves
open take the declared sizes. No recipe is applied to it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgebuild.formats import (
    contract_file,
    naming,
    onnx_contract,
    onnx_file,
    onnx_run,
    placement,
)
from edgebuild.formats.naming import Port
from edgebuild.step import Call, Contract, File, ProjectFile, StepKind, param
from edgebuild.steps import examples, given
from edgebuild.steps.given import Interface

if TYPE_CHECKING:
    import onnx

_RUNTIMES_OWN = {"com.microsoft", "com.microsoft.nchwc", "ai.onnx.contrib"}


@dataclass(frozen=True, kw_only=True)
class Params(Interface):
    """The artifact, and how its interface differs from the manifest's."""

    onnx: File = param("the ONNX file, by path or by URL and sha256")


def run(call: Call) -> None:
    """Read with all doubts refused, hold it to the manifest, prove that it loads."""
    path = call.inputs["onnx"]
    model = onnx_file.load(path, vendor_domains=_RUNTIMES_OWN)
    wanted = given.promised(call.params, Contract.from_json(call.facts["contract"]))
    constants = {t.name for t in model.graph.initializer}
    found, names = given.bind(
        path.name,
        [_port(v) for v in model.graph.input if v.name not in constants],
        [_port(v) for v in model.graph.output],
        call.params,
        wanted,
    )
    onnx_run.session(path)
    shutil.copyfile(path, call.outputs["onnx"])
    contract_file.save(call.outputs["contract"], found)
    naming.save(call.outputs["names"], names)
    placement.save(
        call.outputs["placement"],
        [
            placement.Stage(
                name=node.name or f"{node.op_type}@{index}",
                op=node.op_type,
                engine="CPU",
                layer=node.name,
            )
            for index, node in enumerate(model.graph.node)
        ],
    )


def _port(value: onnx.ValueInfoProto) -> Port:
    kind = value.type.tensor_type
    return Port(
        names=(value.name,),
        shape=tuple(d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim)
        if kind.HasField("shape")
        else None,
        dtype=onnx_contract.dtype_of(kind.elem_type),
    )


def example(folder: Path) -> Call:
    """The tiny model, whose output the manifest calls otherwise."""
    onnx_file.save(examples.model(), folder / "theirs.onnx")
    contract = examples.CONTRACT
    renamed = Contract(inputs=contract.inputs, outputs={"matte": contract.outputs["mask"]})
    return examples.call(
        folder,
        KIND,
        params=Params(onnx=ProjectFile(path="theirs.onnx"), names={"mask": "matte"}),
        facts={"contract": renamed.to_json()},
        inputs={"onnx": folder / "theirs.onnx"},
    )


KIND = StepKind(
    role="backend",
    run=run,
    tools="onnx",
    produces={
        "onnx": "model.onnx",
        "contract": "contract.json",
        "names": "names.json",
        "placement": "placement.json",
    },
    params=Params,
    facts=("contract",),
    contract=given.promised,
    runtime="onnxruntime",
    probes={"layers": ("layers_onnxruntime",), "timings": ("timings_onnxruntime",)},
)
