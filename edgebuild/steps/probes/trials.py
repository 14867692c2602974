"""Answers of the source with one thing changed each: colours, mean and scale, layout, resizing.

Runs only if a gate failed, for probe `diagnosis`, which sees whether a change explains what is wrong. A change
that the network cannot be run with is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats import dataset, hypotheses, onnx_file, onnx_run
from edgebuild.formats.hypotheses import RESIZES, Trial
from edgebuild.formats.onnx_file import OnnxError
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]

# Enough to tell a change that explains something from one that does not.
_SAMPLES = 16
_BYTES = 64_000_000  # of all answers together
_RESIZES = 4  # more nodes than this are only changed together


def run(call: Call) -> None:
    """The first samples of the evaluation data through every trial."""
    import numpy as np

    contract = Contract.from_json(call.facts["source_contract"])
    data = dataset.load(call.inputs["evaluation"])
    model = onnx_file.load(call.inputs["source_model"])
    trials = [*hypotheses.of_inputs(contract), *_of_resizes(model)]
    session = onnx_run.session(model, optimise=True, threads=call.threads)
    count = _samples(contract, data, len(trials))
    answers: dict[str, Arrays] = {}
    for trial in trials:
        try:
            runs = session
            if trial.what == "resize":
                runs = onnx_run.session(_resized(model, trial), optimise=True, threads=call.threads)
            found = [_answer(runs, trial, data, contract, i) for i in range(count)]
        except OnnxError as error:  # not every Resize can be of every mode
            print(f"{trial.key}: {error.message}, {error.fields.get('reason')}")
            continue
        answers[trial.key] = {name: np.stack([one[name] for one in found]) for name in found[0]}
    none = {"none": {"none": np.zeros(count, np.uint8)}}
    dataset.save(call.outputs["trials"], answers or none)


def _answer(session: Any, trial: Trial, data: dataset.Groups, contract: Contract, i: int) -> Arrays:
    import numpy as np

    with np.errstate(all="ignore"):
        feeds = {
            name: hypotheses.fed(trial, name, data["inputs"][name][i], tensor)
            for name, tensor in contract.inputs.items()
        }
    return onnx_run.run(session, feeds)


def _samples(contract: Contract, data: dataset.Groups, trials: int) -> int:
    """How many, such that there is room for all answers."""
    import math

    one = sum(4 * math.prod(tensor.shape) for tensor in contract.outputs.values())
    most = max(2, _BYTES // max(1, one * trials))
    return min(_SAMPLES, most, dataset.length(data))


def _of_resizes(model: onnx.ModelProto) -> Iterator[Trial]:
    """Every mode for all Resize nodes together, and for each alone if they are few."""
    names = [node.name for node in model.graph.node if node.op_type == "Resize"]
    if not names:
        return
    several = names if 1 < len(names) <= _RESIZES else []
    for name in ("", *several) if len(names) > 1 else names:
        for variant in RESIZES:
            yield Trial(what="resize", name=name, variant=variant)


def _resized(model: onnx.ModelProto, trial: Trial) -> onnx.ModelProto:
    """A copy whose Resize nodes are of the trial's mode."""
    import onnx
    from onnx import helper

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    mode, coordinates, nearest = RESIZES[trial.variant]
    wanted = {"mode": mode, "coordinate_transformation_mode": coordinates, "nearest_mode": nearest}
    for node in copy.graph.node:
        if node.op_type == "Resize" and trial.name in ("", node.name):
            kept = [
                a for a in node.attribute if a.name not in (*wanted, "cubic_coeff_a", "antialias")
            ]
            del node.attribute[:]
            node.attribute.extend(kept)
            node.attribute.extend(
                helper.make_attribute(name, value) for name, value in wanted.items() if value
            )
    return copy


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    return examples.call(folder, KIND)


KIND = StepKind(
    role="probe",
    run=run,
    tools="onnx",
    consumes=("source_model", "evaluation"),
    produces={"trials": "trials.npz"},
    facts=("source_contract",),
    platform=("isa",),
)
