"""An OpenVINO IR that somebody else made: verified as it is, and published byte by byte.

Both files are checked against each other, which OpenVINO leaves out. Types are those that OpenVINO
shows: an IR of version 10 that stores float16 takes float32. No recipe is applied to it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from edgebuild.formats import contract_file, ir_canonical, ir_run, naming, placement
from edgebuild.step import Call, Contract, File, ProjectFile, StepKind, param
from edgebuild.steps import examples, given
from edgebuild.steps.given import Interface


@dataclass(frozen=True, kw_only=True)
class Params(Interface):
    """The artifact, and how its interface differs from the manifest's."""

    xml: File = param("the IR's .xml, by path or by URL and sha256")
    bin: File = param("the IR's .bin, by path or by URL and sha256")


def run(call: Call) -> None:
    """Check the files, read them as OpenVINO does, hold that to the manifest."""
    xml, bin = call.inputs["xml"], call.inputs["bin"]
    found, inputs, outputs = ir_run.read(xml, bin)
    wanted = given.promised(call.params, Contract.from_json(call.facts["contract"]))
    contract, names = given.bind(
        xml.name,
        inputs,
        outputs,
        call.params,
        wanted,
    )
    shutil.copyfile(xml, call.outputs["xml"])
    shutil.copyfile(bin, call.outputs["bin"])
    contract_file.save(call.outputs["contract"], contract)
    naming.save(call.outputs["names"], names)
    placement.save(
        call.outputs["placement"],
        [
            placement.Stage(name=layer.name, op=layer.type, engine="CPU", layer=layer.name)
            for layer in found.layers
            if layer.type not in ("Const", "Parameter", "Result")
        ],
    )


def example(folder: Path) -> Call:
    """The tiny model, converted by OpenVINO itself."""
    import openvino as ov

    network = ov.Core().read_model(str(examples.write_model(folder / "model.onnx")))
    xml = folder / "theirs.xml"
    ov.save_model(network, str(xml), compress_to_fp16=False)
    xml.write_bytes(ir_canonical.canonical(xml.read_bytes(), {"image", "mask"}))  # without paths
    return examples.call(
        folder,
        KIND,
        params=Params(xml=ProjectFile(path="theirs.xml"), bin=ProjectFile(path="theirs.bin")),
        facts={"contract": examples.CONTRACT.to_json()},
        inputs={"xml": xml, "bin": folder / "theirs.bin"},
    )


KIND = StepKind(
    role="backend",
    run=run,
    tools="openvino",
    produces={
        "xml": "model.xml",
        "bin": "model.bin",
        "contract": "contract.json",
        "names": "names.json",
        "placement": "placement.json",
    },
    params=Params,
    facts=("contract",),
    contract=given.promised,
    runtime="openvino",
    probes={"layers": ("layers_openvino",), "timings": ("timings_openvino",), "ranges": ()},
)
