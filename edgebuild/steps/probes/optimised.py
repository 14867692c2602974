"""Answers of the model as the recipe leaves it, before the backend: where quality was lost shows by them.

ONNX Runtime runs its graph as it stands, without optimisations of its own, as it runs the source: what differs
between the two is the recipe's doing.
"""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import answers, dataset, onnx_run
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Every sample through the model, fed as its contract asks."""
    session = onnx_run.session(call.inputs["model"], threads=call.threads)
    found = answers.answers(
        lambda feeds: onnx_run.run(session, feeds),
        dataset.load(call.inputs["evaluation"]),
        Contract.from_json(call.facts["source_contract"]),
        Contract.from_json(call.facts["model_contract"]),
    )
    dataset.save(call.outputs["optimised"], found)


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    return examples.call(folder, KIND)


KIND = StepKind(
    role="probe",
    run=run,
    tools="onnx",
    consumes=("model", "evaluation"),
    produces={"optimised": "optimised.npz"},
    facts=("model_contract", "source_contract"),
    platform=("isa",),
)
