"""A network that exists as an OpenVINO IR only (.xml and .bin), such as those of the Open Model Zoo.

OpenVINO's answers in float32 are the truth. No pass and no compiler reads an IR: such a model is for
backends of given artifacts (`given_ir`, `given_blob`, ...). Its inputs and outputs must be those that
the manifest declares.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from edgebuild.formats import ir_canonical, ir_run
from edgebuild.step import Call, Contract, File, ProjectFile, StepKind, param
from edgebuild.steps import examples, given


@dataclass(frozen=True, kw_only=True)
class Params:
    """The two files."""

    xml: File = param("the IR's .xml, of the project or by URL and sha256")
    bin: File = param("the IR's .bin, of the project or by URL and sha256")


def run(call: Call) -> None:
    """Check the files against each other, and what they say against the manifest."""
    xml, bin = call.inputs["xml"], call.inputs["bin"]
    _, inputs, outputs = ir_run.read(xml, bin)
    declared = Contract.from_json(call.facts["contract"])
    given.bind(xml.name, inputs, outputs, given.Interface(), declared, given.OF_A_SOURCE)
    shutil.copyfile(xml, call.outputs["source_xml"])
    shutil.copyfile(bin, call.outputs["source_bin"])


def example(folder: Path) -> Call:
    """The tiny model, converted by OpenVINO itself."""
    import openvino as ov

    network = ov.Core().read_model(str(examples.write_model(folder / "model.onnx")))
    xml = folder / "network.xml"
    ov.save_model(network, str(xml), compress_to_fp16=False)
    xml.write_bytes(ir_canonical.canonical(xml.read_bytes(), {"image", "mask"}))  # without paths
    return examples.call(
        folder,
        KIND,
        params=Params(xml=ProjectFile(path="network.xml"), bin=ProjectFile(path="network.bin")),
        facts={"contract": examples.CONTRACT.to_json()},
        inputs={"xml": xml, "bin": folder / "network.bin"},
    )


KIND = StepKind(
    role="source",
    run=run,
    tools="openvino",
    produces={"source_xml": "source.xml", "source_bin": "source.bin"},
    params=Params,
    facts=("contract",),
    canonical="",
    runtime="reference_ir",
)
