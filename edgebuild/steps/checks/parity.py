"""How far the artifact's answers are from the source's, for each output over all samples."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgebuild.formats import dataset, measurements
from edgebuild.step import Call, Measurement, Metric, StepKind
from edgebuild.steps import agreement, examples

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIGURES = {
    "sqnr_db": agreement.sqnr,
    "max_abs": agreement.max_abs,
    "mean_abs": agreement.mean_abs,
    "cosine": agreement.cosine,
}


def run(call: Call) -> None:
    """Compare output by output."""
    expected = dataset.load(call.inputs["expected"])["outputs"]
    actual = dataset.load(call.inputs["actual"])["outputs"]
    rows: list[Measurement] = []
    details: dict[str, Any] = {}
    for name, wanted in expected.items():
        found = actual.get(name)
        problem = _problem(wanted, found)
        figures: dict[str, float | None] = dict.fromkeys(_FIGURES)
        if found is not None and not problem:
            figures = {key: measure(wanted, found) for key, measure in _FIGURES.items()}
            problem = _note(found)
            details[name] = {"sqnr_db_by_sample": _by_sample(wanted, found)}
        rows += [
            Measurement(
                metric=f"parity.{key}",
                value=value,
                evidence=call.facts["evidence"] or "host",
                output=name,
                detail=problem,
            )
            for key, value in figures.items()
        ]
    measurements.save(call.outputs["measurements"], rows, {"outputs": details})


def _problem(wanted: NDArray[Any], found: NDArray[Any] | None) -> str:
    import numpy as np

    if found is None:
        return "the artifact has no such output"
    if found.shape != wanted.shape:
        return f"shape {list(found.shape)} instead of {list(wanted.shape)}"
    bad = int((~np.isfinite(wanted)).sum())
    if bad:
        return f"{bad} of the source's {wanted.size} values are not finite"
    return ""


def _note(found: NDArray[Any]) -> str:
    """The artifact's own infinities are measured: as infinite noise."""
    import numpy as np

    bad = int((~np.isfinite(found)).sum())
    return f"{bad} of {found.size} values are not finite" if bad else ""


def _by_sample(wanted: NDArray[Any], found: NDArray[Any]) -> list[float | None]:
    values = [agreement.sqnr(a, b) for a, b in zip(wanted, found, strict=True)]
    return [None if math.isnan(value) else value for value in values]


def example(folder: Path) -> Call:
    """Answers with a hundredth of noise."""
    return examples.call(
        folder,
        KIND,
        facts={"evidence": "host"},
        inputs={
            "expected": examples.answers(folder / "expected.npz"),
            "actual": examples.answers(folder / "actual.npz", noise=0.01),
        },
    )


KIND = StepKind(
    role="check",
    run=run,
    tools="onnx",
    consumes=("expected", "actual"),
    produces={"measurements": "measurements.json"},
    facts=("evidence",),
    platform=("isa",),  # sums round differently from one to the other
    metrics={
        "sqnr_db": Metric(doc="signal to quantisation noise ratio of an output", unit="dB"),
        "max_abs": Metric(doc="largest absolute difference of an output", better="lower"),
        "mean_abs": Metric(doc="mean absolute difference of an output", better="lower"),
        "cosine": Metric(doc="cosine similarity of an output"),
    },
)
