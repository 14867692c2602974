"""Answers of an NCNN artifact on this machine's CPU, in float32, one thread.

NCNN stores and computes in 16 bits where a CPU can unless it is told otherwise; here it is told so.
"""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import answers, dataset, naming, ncnn_run
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import converted, examples


def run(call: Call) -> None:
    """Every sample through the artifact, fed as its contract asks."""
    contract = Contract.from_json(call.facts["contract"])
    names = naming.load(call.inputs.get("names"))
    net = ncnn_run.network(call.inputs["param"], call.inputs["weights"], call.threads)
    shapes = {n: t.shape for n, t in naming.own(contract, names).outputs.items()}
    found = answers.answers(
        naming.translated(ncnn_run.executor(net, shapes), names),
        dataset.load(call.inputs["evaluation"]),
        Contract.from_json(call.facts["source_contract"]),
        contract,
    )
    dataset.save(call.outputs["actual"], found)


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    return examples.call(folder, KIND, inputs=converted.ncnn_files(folder))


KIND = StepKind(
    role="runtime",
    run=run,
    tools="ncnn",
    consumes=("param", "weights", "evaluation", "names?"),
    produces={"actual": "actual.npz"},
    facts=("contract", "source_contract"),
    platform=("isa",),
    evidence="host",
    time_limit_s=3600,
)
