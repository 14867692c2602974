"""How long a frame takes with NCNN on the CPU of the machine that builds.

Measured as by `timings_onnxruntime`, with one thread and in float32, as it is checked. Evidence is
`host`: the figures are this CPU's, whatever the target is.
"""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import dataset, naming, ncnn_run, timings
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import converted, examples, repeat


def run(call: Call) -> None:
    """Load, prepare the frames, measure."""
    contract = Contract.from_json(call.facts["contract"])
    names = naming.load(call.inputs.get("names"))
    outputs = list(naming.own(contract, names).outputs)
    net = ncnn_run.network(call.inputs["param"], call.inputs["weights"], call.threads)
    frames = repeat.frames(
        dataset.load(call.inputs["evaluation"]),
        Contract.from_json(call.facts["source_contract"]),
        contract,
    )
    found = repeat.repeat(
        lambda frame: ncnn_run.infer(net, frame, outputs),
        [ncnn_run.mats(naming.fed(frame, names)) for frame in frames],
    )
    measured = timings.measured(
        "ncnn",
        "host",
        found.ms,
        warmup_ms=found.warmup_ms,
        cpu=repeat.cpu(),
        note=repeat.note(found),
    )
    timings.save(call.outputs["timings"], measured)


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    return examples.call(folder, KIND, inputs=converted.ncnn_files(folder))


KIND = StepKind(
    role="probe",
    run=run,
    tools="ncnn",
    consumes=("param", "weights", "evaluation", "names?"),
    produces={"timings": "timings.json"},
    facts=("contract", "source_contract"),
    platform=("isa", "cpu"),
    alone=True,
)
