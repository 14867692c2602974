"""How good the model's answers are against the truth, the artifact's beside the source's.

Measures the metrics the manifest accepts by (`doit kinds` lists them). Where the model's outputs
are not of the form of the truth, `decode` names a function that is called as `function(outputs)`
with arrays [N, *shape] by output name and returns predictions by the names of the truth.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.errors import EdgebuildError
from edgebuild.formats import dataset, measurements
from edgebuild.step import Call, Evidence, File, Measurement, ProjectFile, StepKind, param
from edgebuild.steps import examples, metrics, user_code
from edgebuild.steps.user_code import UserCodeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]


class QualityError(EdgebuildError):
    """Quality that cannot be measured as the manifest asks."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """What is measured, and how answers become predictions."""

    metrics: tuple[str, ...] = param("names of the metrics to measure", ())
    decode: File | None = param("Python file with the decoding function", None)
    decode_function: str = param("name of the decoding function", "decode")
    modules: tuple[File, ...] = param("more Python files that the file imports", ())


def run(call: Call) -> None:
    """Decode both sets of answers, measure each metric on both."""
    evidence: Evidence = call.facts["evidence"] or "host"
    truth = dataset.load(call.inputs["evaluation"]).get("truth", {})
    answers = [dataset.load(call.inputs[port])["outputs"] for port in ("expected", "actual")]
    source, artifact = _decoded(call, answers)
    rows = []
    for name in call.params.metrics:
        measure = _metric(name)
        if truth:
            baseline, value = measure(source, truth), measure(artifact, truth)
            detail = "" if value == value else "nothing in the data that it could measure"
            row = Measurement(
                metric=f"quality.{name}",
                value=value,
                evidence=evidence,
                baseline=baseline if baseline == baseline else None,
                detail=detail,
            )
        else:
            row = Measurement(
                metric=f"quality.{name}",
                value=None,
                evidence=evidence,
                detail="the evaluation data has no truth",
            )
        rows.append(row)
    measurements.save(call.outputs["measurements"], rows)


def _decoded(call: Call, answers: list[Arrays]) -> list[Arrays]:
    if "decode" not in call.inputs:
        return answers
    name = call.params.decode_function
    with user_code.attribute(call, name, "decode") as function:
        made = [function(outputs) for outputs in answers]
    if not all(isinstance(predictions, dict) for predictions in made):
        raise UserCodeError(
            f"`{name}` must return a dict of arrays", hint='return {"boxes": array}'
        )
    return made


def _metric(name: str) -> Callable[[Arrays, Arrays], float]:
    """`measure` of the metric's module, the project's own or one that a package adds."""
    module = f"{metrics.__name__}.{name}"
    if not name.isidentifier() or importlib.util.find_spec(module) is None:
        points = importlib.metadata.entry_points(group="edgebuild.kinds", name=f"metric/{name}")
        if not points:
            raise QualityError(
                f"there is no metric `quality.{name}`", hint="`doit kinds` shows all of them"
            )
        module = next(iter(points)).value
    measure: Callable[[Arrays, Arrays], float] = importlib.import_module(module).measure
    return measure


_EXAMPLE = """
def halves(outputs):
    return {"upper": outputs["mask"][:, :, 0]}
"""


def example(folder: Path) -> Call:
    """One channel of the answers against a truth of halves."""
    import numpy as np

    (folder / "decoding.py").write_text(_EXAMPLE)
    truth: NDArray[Any] = np.full((3, 1, 6, 4), 0.5, np.float32)
    dataset.save(folder / "evaluation.npz", {"truth": {"upper": truth}})
    return examples.call(
        folder,
        KIND,
        params=Params(
            metrics=("mae", "psnr_db"),
            decode=ProjectFile(path="decoding.py"),
            decode_function="halves",
        ),
        facts={"evidence": "host"},
        inputs={
            "expected": examples.answers(folder / "expected.npz"),
            "actual": examples.answers(folder / "actual.npz", noise=0.1),
            "evaluation": folder / "evaluation.npz",
            "decode": folder / "decoding.py",
        },
    )


KIND = StepKind(
    role="check",
    run=run,
    tools="onnx",
    consumes=("expected", "actual", "evaluation"),
    produces={"measurements": "measurements.json"},
    params=Params,
    facts=("evidence",),
    platform=("isa",),
    code=(metrics.__name__,),
)
