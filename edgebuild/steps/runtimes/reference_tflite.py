"""The answers of a source that is a TFLite file, by LiteRT: what all else is compared with."""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import answers, dataset, tflite, tflite_run
from edgebuild.formats.naming import Naming
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import converted, examples


def run(call: Call) -> None:
    """Every sample through the source."""
    contract = Contract.from_json(call.facts["source_contract"])
    file = tflite.load(call.inputs["source_tflite"])
    made = tflite_run.interpreter(call.inputs["source_tflite"], call.threads)
    found = answers.answers(
        tflite_run.executor(made, file),
        dataset.load(call.inputs["evaluation"]),
        contract,
        tflite_run.in_floats(contract, file, Naming()),
    )
    dataset.save(call.outputs["expected"], found)


def example(folder: Path) -> Call:
    """The tiny model in TFLite's layout, on three images."""
    return examples.call(
        folder,
        KIND,
        facts={"source_contract": converted.TFLITE_SOURCE.to_json()},
        inputs={
            "source_tflite": converted.write_tflite(folder / "source.tflite"),
            "evaluation": converted.nhwc_images(folder / "evaluation.npz"),
        },
    )


KIND = StepKind(
    role="runtime",
    run=run,
    tools="litert",
    consumes=("source_tflite", "evaluation"),
    produces={"expected": "expected.npz"},
    facts=("source_contract",),
    platform=("isa",),
    evidence="host",
    time_limit_s=3600,
)
