"""Answers of a TFLite artifact by LiteRT on this machine's CPU, one thread.

Float ops run by XNNPACK, as on a telephone's CPU. Quantised inputs and outputs are converted by the
file's own scales: samples and answers are floats.
"""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import answers, dataset, naming, tflite, tflite_run
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import converted, examples


def run(call: Call) -> None:
    """Every sample through the artifact, fed as its contract asks."""
    file = tflite.load(call.inputs["tflite"])
    names = naming.load(call.inputs.get("names"))
    made = tflite_run.interpreter(call.inputs["tflite"], call.threads)
    found = answers.answers(
        naming.translated(tflite_run.executor(made, file), names),
        dataset.load(call.inputs["evaluation"]),
        Contract.from_json(call.facts["source_contract"]),
        tflite_run.in_floats(Contract.from_json(call.facts["contract"]), file, names),
    )
    dataset.save(call.outputs["actual"], found)


def example(folder: Path) -> Call:
    """The tiny model in TFLite's layout, on three images."""
    facts = {"contract": converted.TFLITE_CONTRACT.to_json()}
    return examples.call(folder, KIND, facts=facts, inputs=converted.tflite_files(folder))


KIND = StepKind(
    role="runtime",
    run=run,
    tools="litert",
    consumes=("tflite", "evaluation", "names?"),
    produces={"actual": "actual.npz"},
    facts=("contract", "source_contract"),
    platform=("isa",),
    evidence="host",
    time_limit_s=3600,
)
