"""How long a frame takes with ONNX Runtime on the machine that builds.

The artifact runs on samples of the evaluation data, with one thread and ONNX Runtime's optimisations:
the very first frame counts as warm-up, a few more are not counted, then 200 are measured, of a large
network 100 or as many as take two seconds. Nothing else of any build on the same store runs meanwhile;
what other programs do, edgebuild cannot know, but it says how often they interrupted the measurement.

Evidence is `host`: the figures are this CPU's, whatever the target is.
"""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import dataset, naming, onnx_run, timings
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples, repeat


def run(call: Call) -> None:
    """Load, prepare the frames, measure."""
    session = onnx_run.session(call.inputs["onnx"], optimise=True, threads=call.threads)
    outputs = [output.name for output in session.get_outputs()]
    names = naming.load(call.inputs.get("names"))
    frames = repeat.frames(
        dataset.load(call.inputs["evaluation"]),
        Contract.from_json(call.facts["source_contract"]),
        Contract.from_json(call.facts["contract"]),
    )
    found = repeat.repeat(
        lambda frame: session.run(outputs, frame), [naming.fed(f, names) for f in frames]
    )
    measured = timings.measured(
        "onnxruntime",
        "host",
        found.ms,
        warmup_ms=found.warmup_ms,
        cpu=repeat.cpu(),
        note=repeat.note(found),
    )
    timings.save(call.outputs["timings"], measured)


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    return examples.call(folder, KIND)


KIND = StepKind(
    role="probe",
    run=run,
    tools="onnx",
    consumes=("onnx", "evaluation", "names?"),
    produces={"timings": "timings.json"},
    facts=("contract", "source_contract"),
    platform=("isa", "cpu"),
    alone=True,
)
