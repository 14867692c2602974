"""The answers of a source that is an OpenVINO IR, by OpenVINO in float32: what all else is compared with."""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import answers, dataset, ir, ir_run
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Every sample through the source."""
    xml, bin = call.inputs["source_xml"], call.inputs["source_bin"]
    contract = Contract.from_json(call.facts["source_contract"])
    outputs = list(ir.contract(ir.load(xml, bin), contract).outputs)
    found = answers.answers(
        ir_run.executor(xml, bin, outputs, call.threads),
        dataset.load(call.inputs["evaluation"]),
        contract,
        contract,
    )
    dataset.save(call.outputs["expected"], found)


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    import openvino as ov

    network = ov.Core().read_model(str(examples.write_model(folder / "model.onnx")))
    ov.save_model(network, str(folder / "source.xml"), compress_to_fp16=False)
    inputs = {"source_xml": folder / "source.xml", "source_bin": folder / "source.bin"}
    return examples.call(folder, KIND, inputs=inputs)


KIND = StepKind(
    role="runtime",
    run=run,
    tools="openvino",
    consumes=("source_xml", "source_bin", "evaluation"),
    produces={"expected": "expected.npz"},
    facts=("source_contract",),
    platform=("isa",),
    evidence="host",
    time_limit_s=3600,
)
