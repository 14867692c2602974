"""The source's own answers, in float32 as its graph stands: what all else is compared with."""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import answers, dataset, onnx_run
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Every sample through ONNX Runtime without optimisations."""
    contract = Contract.from_json(call.facts["source_contract"])
    session = onnx_run.session(call.inputs["source_model"], threads=call.threads)
    found = answers.answers(
        lambda feeds: onnx_run.run(session, feeds),
        dataset.load(call.inputs["evaluation"]),
        contract,
        contract,
    )
    dataset.save(call.outputs["expected"], found)


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    return examples.call(folder, KIND)


KIND = StepKind(
    role="runtime",
    run=run,
    tools="onnx",
    consumes=("source_model", "evaluation"),
    produces={"expected": "expected.npz"},
    facts=("contract", "source_contract"),
    platform=("isa",),
    evidence="host",
)
