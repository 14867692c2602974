"""How long a frame takes with OpenVINO's CPU plugin on the machine that builds.

The IR runs on samples of the evaluation data with one thread and one stream, in float32 as it is
checked: the very first frame counts as warm-up, a few more are not counted, then 200 are measured,
of a large network 100 or as many as take two seconds. Nothing else of any build on the same store
runs meanwhile; what other programs do, edgebuild cannot know, but it says how often they interrupted
the measurement.

Evidence is `host`: the figures are this CPU's, whatever the target is.
"""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import dataset, naming, timings
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples, repeat


def run(call: Call) -> None:
    """Compile, prepare the frames, measure."""
    import openvino as ov

    core = ov.Core()
    compiled = core.compile_model(
        core.read_model(str(call.inputs["xml"]), str(call.inputs["bin"])),
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": call.threads,
            "NUM_STREAMS": 1,
        },
    )
    request = compiled.create_infer_request()
    frames = repeat.frames(
        dataset.load(call.inputs["evaluation"]),
        Contract.from_json(call.facts["source_contract"]),
        Contract.from_json(call.facts["contract"]),
    )
    names = naming.load(call.inputs.get("names"))
    found = repeat.repeat(
        lambda frame: request.infer(frame, share_inputs=True, share_outputs=True),
        [naming.fed(frame, names) for frame in frames],
    )
    measured = timings.measured(
        "openvino",
        "host",
        found.ms,
        warmup_ms=found.warmup_ms,
        cpu=repeat.cpu(),
        note=repeat.note(found),
    )
    timings.save(call.outputs["timings"], measured)


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    import openvino as ov

    network = ov.Core().read_model(str(examples.write_model(folder / "model.onnx")))
    ov.save_model(network, str(folder / "model.xml"), compress_to_fp16=False)
    inputs = {"xml": folder / "model.xml", "bin": folder / "model.bin"}
    return examples.call(folder, KIND, inputs=inputs)


KIND = StepKind(
    role="probe",
    run=run,
    tools="openvino",
    consumes=("xml", "bin", "evaluation", "names?"),
    produces={"timings": "timings.json"},
    facts=("contract", "source_contract"),
    platform=("isa", "cpu"),
    alone=True,
)
