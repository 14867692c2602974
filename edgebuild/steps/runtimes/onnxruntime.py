"""Answers of an ONNX artifact by ONNX Runtime on this machine's CPU, optimised as on a device."""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import answers, dataset, naming, onnx_run
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Every sample through the artifact, fed as its contract asks."""
    session = onnx_run.session(call.inputs["onnx"], optimise=True, threads=call.threads)
    names = naming.load(call.inputs.get("names"))
    found = answers.answers(
        naming.translated(lambda feeds: onnx_run.run(session, feeds), names),
        dataset.load(call.inputs["evaluation"]),
        Contract.from_json(call.facts["source_contract"]),
        Contract.from_json(call.facts["contract"]),
    )
    dataset.save(call.outputs["actual"], found)


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    return examples.call(folder, KIND)


KIND = StepKind(
    role="runtime",
    run=run,
    tools="onnx",
    consumes=("onnx", "evaluation", "names?"),
    produces={"actual": "actual.npz"},
    facts=("contract", "source_contract"),
    platform=("isa",),
    evidence="host",
)
