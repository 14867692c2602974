"""Answers of an OpenVINO IR on this machine's CPU, in float32.

The CPU plugin computes in bfloat16 where it can unless it is told otherwise; here it is told so.
"""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import answers, dataset, ir, ir_run, naming
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Every sample through the IR, fed as its contract asks."""
    xml, bin = call.inputs["xml"], call.inputs["bin"]
    contract = Contract.from_json(call.facts["contract"])
    names = naming.load(call.inputs.get("names"))
    outputs = list(ir.contract(ir.load(xml, bin), naming.own(contract, names)).outputs)
    data = dataset.load(call.inputs["evaluation"])
    source = Contract.from_json(call.facts["source_contract"])
    execute = ir_run.executor(xml, bin, outputs, call.threads)
    infer = naming.translated(execute, names)
    dataset.save(call.outputs["actual"], answers.answers(infer, data, source, contract))


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    import openvino as ov

    network = ov.Core().read_model(str(examples.write_model(folder / "model.onnx")))
    ov.save_model(network, str(folder / "model.xml"), compress_to_fp16=False)
    facts = examples.CONTRACT.to_json()
    return examples.call(
        folder,
        KIND,
        facts={"contract": facts, "source_contract": facts},
        inputs={
            "xml": folder / "model.xml",
            "bin": folder / "model.bin",
            "evaluation": examples.images(folder / "evaluation.npz"),
        },
    )


KIND = StepKind(
    role="runtime",
    run=run,
    tools="openvino",
    consumes=("xml", "bin", "evaluation", "names?"),
    produces={"actual": "actual.npz"},
    facts=("contract", "source_contract"),
    platform=("isa",),
    evidence="host",
)
