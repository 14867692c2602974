"""What could explain that a gate failed, with what shows it; the likeliest first.

Runs only for a rejected variant. It looks whether the source is nearer to the truth, or to the artifact's
answers, with one thing changed (`doit kinds kind=probe/trials`), whether an output is there under another
name or in another layout, how calibration data differ from evaluation data, what 8 bits or float16 cannot
hold, and where a network goes wrong. It says nothing that was not seen: an empty list is an answer.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats import dataset, layers
from edgebuild.formats.hypotheses import Trial
from edgebuild.params import parse_params
from edgebuild.step import Call, Contract, File, Metric, StepKind, param
from edgebuild.steps import examples, explanations, user_code
from edgebuild.steps.explanations import Cause
from edgebuild.steps.metrics import _predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]

_EIGHT_BIT_DB = 40.0  # what `layers` says of artifacts that compute in 8 bit


@dataclass(frozen=True, kw_only=True)
class Params:
    """How answers become predictions."""

    decode: File | None = param("Python file with the decoding function", None)
    decode_function: str = param("name of the decoding function", "decode")
    modules: tuple[File, ...] = param("more Python files that the file imports", ())


def run(call: Call) -> None:
    """Ask everything that can be asked of what is there."""
    expected, actual = _answers(call, "expected"), _answers(call, "actual")
    causes = explanations.best(_of_trials(call, expected, actual))
    if actual:
        causes += explanations.of_outputs(expected, actual)
    inside = layers.load(call.inputs["layers"]) if "layers" in call.inputs else None
    quantised = inside is not None and inside["keeps_db"] <= _EIGHT_BIT_DB
    if quantised and {"calibration", "evaluation"} <= call.inputs.keys():
        both = (dataset.load(call.inputs[p])["inputs"] for p in ("calibration", "evaluation"))
        causes += explanations.of_calibration(*both)
    if "ranges" in call.inputs:
        tensors = json.loads(call.inputs["ranges"].read_text())["tensors"]
        causes += [*explanations.of_halves(tensors), *explanations.of_integers(tensors)]
    if inside is not None:
        causes += explanations.of_layers(inside)
    rows = [{"cause": c.cause, "evidence": c.evidence, "about": list(c.about)} for c in causes]
    call.outputs["diagnosis"].write_text(json.dumps(rows, indent=1, ensure_ascii=False))


def _of_trials(call: Call, expected: Arrays, actual: Arrays) -> Iterator[Cause]:
    """What changes of the source explain."""
    if "trials" not in call.inputs:
        return
    groups = dataset.load(call.inputs["trials"])
    samples = dataset.length(groups)
    tried = {Trial.of(key): answers for key, answers in groups.items() if key != "none"}
    if not tried:
        return
    contract = Contract.from_json(call.facts["source_contract"])
    first = {name: array[:samples] for name, array in expected.items()}
    if actual:
        yield from explanations.of_artifact(tried, first, actual, contract)
    yield from explanations.of_infinities(tried, first, contract)
    asked: dict[Trial | None, Arrays] = {None: first, **dict(tried.items())}
    for name, metric, figures in _quality(call, asked, samples):
        before = figures.pop(None)
        after = {trial: figure for trial, figure in figures.items() if trial is not None}
        yield from explanations.of_quality(name, metric, before, after, contract)


def _quality(
    call: Call, answers: Mapping[Trial | None, Arrays], samples: int
) -> Iterator[tuple[str, Metric, dict[Trial | None, float]]]:
    """Name, metric and the figure of each set of answers, for each metric the manifest accepts by."""
    import numpy as np

    truth = dataset.load(call.inputs["evaluation"]).get("truth", {})
    if not truth or not call.facts["metrics"]:
        return
    wanted = {name: array[:samples] for name, array in truth.items()}
    predictions = dict(answers)
    if "decode" in call.inputs:
        name = call.params.decode_function
        with user_code.attribute(call, name, "decode") as function:
            predictions = {t: _predictions.arrays(name, function(a)) for t, a in answers.items()}
    once = np.ones((1, samples), np.int64)
    for name, given in call.facts["metrics"].items():
        module = importlib.import_module(given["module"])
        params = parse_params(module.METRIC.params, given["params"])
        with np.errstate(all="ignore"):
            figures = {
                trial: float(module.score(module.statistics(found, wanted, params), once)[0])
                for trial, found in predictions.items()
            }
        yield name, module.METRIC, figures


def _answers(call: Call, port: str) -> Arrays:
    """Outputs of a dataset, float16 widened; none if the port is not there."""
    if port not in call.inputs:
        return {}
    outputs = dataset.load(call.inputs[port])["outputs"]
    return {n: a.astype("float32") if a.dtype == "float16" else a for n, a in outputs.items()}


def example(folder: Path) -> Call:
    """A source whose answers are near the truth only with red and blue exchanged."""
    examples.answers(folder / "actual.npz", noise=0.5)
    answers = dataset.load(examples.answers(folder / "expected.npz"))["outputs"]
    wrong = dataset.load(folder / "actual.npz")["outputs"]
    dataset.save(folder / "evaluation.npz", {"truth": answers})
    trial = Trial(what="color", name="image", variant="exchanged")
    dataset.save(folder / "trials.npz", {trial.key: answers})
    dataset.save(folder / "source.npz", {"outputs": wrong})
    return examples.call(
        folder,
        KIND,
        facts={
            "source_contract": examples.CONTRACT.to_json(),
            "metrics": {"mae": {"module": "edgebuild.steps.metrics.mae", "params": {}}},
        },
        inputs={
            "expected": folder / "source.npz",
            "actual": folder / "actual.npz",
            "evaluation": folder / "evaluation.npz",
            "trials": folder / "trials.npz",
        },
    )


KIND = StepKind(
    role="probe",
    run=run,
    tools="metrics",
    consumes=(
        "trials?",
        "expected?",
        "actual?",
        "evaluation?",
        "calibration?",
        "layers?",
        "ranges?",
    ),
    produces={"diagnosis": "diagnosis.json"},
    params=Params,
    facts=("source_contract", "metrics"),
    platform=("isa",),
)
