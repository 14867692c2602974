"""How long a frame takes with LiteRT on the CPU of the machine that builds.

Measured as by `timings_onnxruntime`, with one thread; the frames are quantised beforehand where the
file stores integers. Evidence is `host`: the figures are this CPU's, whatever the target is.
"""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import dataset, naming, tflite, tflite_run, timings
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import converted, examples, repeat


def run(call: Call) -> None:
    """Load, prepare the frames, measure."""
    file = tflite.load(call.inputs["tflite"])
    names = naming.load(call.inputs.get("names"))
    made = tflite_run.interpreter(call.inputs["tflite"], call.threads)
    frames = repeat.frames(
        dataset.load(call.inputs["evaluation"]),
        Contract.from_json(call.facts["source_contract"]),
        tflite_run.in_floats(Contract.from_json(call.facts["contract"]), file, names),
    )
    found = repeat.repeat(
        tflite_run.invoker(made),
        [tflite_run.stored(naming.fed(frame, names), file) for frame in frames],
    )
    measured = timings.measured(
        "litert",
        "host",
        found.ms,
        warmup_ms=found.warmup_ms,
        cpu=repeat.cpu(),
        note=repeat.note(found),
    )
    timings.save(call.outputs["timings"], measured)


def example(folder: Path) -> Call:
    """The tiny model in TFLite's layout, on three images."""
    facts = {"contract": converted.TFLITE_CONTRACT.to_json()}
    return examples.call(folder, KIND, facts=facts, inputs=converted.tflite_files(folder))


KIND = StepKind(
    role="probe",
    run=run,
    tools="litert",
    consumes=("tflite", "evaluation", "names?"),
    produces={"timings": "timings.json"},
    facts=("contract", "source_contract"),
    platform=("isa", "cpu"),
    alone=True,
)
