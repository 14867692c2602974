"""How good the model's answers are against the truth: the source's, the optimised model's, the artifact's.

Measures the metrics the manifest accepts by (`doit kinds` lists them, `doit kinds kind=metric/map50` says what
one computes and of what). Where the model's outputs are not of the form of the truth, `decode` names
a function that is called as `function(outputs)` with arrays [N, *shape] by output name, float16 widened to
float32, and returns predictions by the names of the truth. It can import numpy.

Samples are drawn again 1000 times, the same ones for each model: 95 % of the figures of these resamples lie in
the interval, and of them it is known in how many a limit holds. With a confidence a gate asks for more than
the figure: `quality.miou: {min: 0.9, confidence: 0.95}` holds if the whole interval in which the figure lies
with 95 % confidence does (for `max_drop` that of the drop), and is unproven if only the figure does, or if
nothing says how sure it is: of one sample, or where all resamples give one figure that has no worst. Else, if
all give one, such as 1.0 for a network that makes no mistake, the interval is what so many samples
alike leave open: of 64 accuracy may be 0.944, of 200 it may be 0.982, and labels that were all kept leave a
drop open; answers that are the same but for the rounding of float32 leave none.

What was lost is lost by the recipe, between source and optimised model, or by backend and runtime, between
that and the artifact; the optimised model is run by ONNX Runtime as its graph stands.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.errors import EdgebuildError
from edgebuild.formats import dataset, measurements
from edgebuild.params import parse_params
from edgebuild.step import (
    Call,
    Evidence,
    File,
    Measurement,
    ProjectFile,
    StepKind,
    param,
)
from edgebuild.steps import examples
from edgebuild.steps.metrics import _bootstrap, _predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]


class QualityError(EdgebuildError):
    """A metric that is not what the manifest says."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """How answers become predictions."""

    decode: File | None = param("Python file with the decoding function", None)
    decode_function: str = param("name of the decoding function", "decode")
    modules: tuple[File, ...] = param("more Python files that the file imports", ())


def run(call: Call) -> None:
    """Decode all sets of answers, measure each metric on each."""
    evidence: Evidence = call.facts["evidence"] or "host"
    data = dataset.load(call.inputs["evaluation"])
    truth, samples = data.get("truth", {}), dataset.length(data)
    predictions, alike = _predictions.of(call)
    details: dict[str, Any] = {"samples": samples, "metrics": {}, "confusion": None}
    rows = []
    for name, wanted in call.facts["metrics"].items():
        if not truth:
            why = "the evaluation data has no truth"
            rows.append(
                Measurement(metric=f"quality.{name}", value=None, evidence=evidence, detail=why)
            )
            continue
        metric = _metric(name, wanted["module"])
        params = parse_params(metric.METRIC.params, wanted["params"])
        row, shown = _measure(name, metric, params, predictions, truth, evidence, alike=alike)
        rows.append(row)
        details["metrics"][name] = {**shown, "params": wanted["params"]}
        if details["confusion"] is None and hasattr(metric, "confusion"):
            details["confusion"] = metric.confusion(predictions, truth, params)
    details["resamples"] = _bootstrap.RESAMPLES
    measurements.save(call.outputs["measurements"], rows, details)


def _measure(
    name: str,
    metric: Any,
    params: Any,
    predictions: Mapping[str, Arrays],
    truth: Arrays,
    evidence: Evidence,
    *,
    alike: bool,
) -> tuple[Measurement, dict[str, Any]]:
    """The figures of one metric for each set of predictions, and what resamples say of them."""
    samples = len(next(iter(truth.values())))
    times = _bootstrap.draws(samples)
    higher = metric.METRIC.better == "higher"
    statistics: dict[int, Any] = {}  # by predictions, which several may share
    drawn = {}
    for who, found in predictions.items():
        if id(found) not in statistics:
            statistics[id(found)] = metric.statistics(found, truth, params)
        # Resamples say how sure the artifact is, and how sure it is that it is worse than the source.
        drawn[who] = metric.score(statistics[id(found)], times if who != "optimised" else times[:1])
    figures = {who: _number(values[0]) for who, values in drawn.items()}
    value, baseline = figures["artifact"], figures["source"]
    known: tuple[float, ...] = ()
    drops: tuple[float, ...] = ()
    # Of one sample every resample is the same: it says nothing of how sure the figure is.
    if samples > 1 and value is not None:
        lost = _bootstrap.losses(drawn["source"], drawn["artifact"], higher_is_better=higher)
        span = metric.METRIC.span

        def measurable(who: str) -> int:
            kept = statistics[id(predictions[who])]
            return _bootstrap.measurable(lambda times: metric.score(kept, times), samples)

        known = _bootstrap.sure(
            drawn["artifact"][1:], span and span[0], lambda: measurable("artifact")
        )
        if alike:
            drops = _bootstrap.quantiles(lost[1:])
        else:
            drops = _bootstrap.sure(
                lost[1:],
                span and abs(span[1] - span[0]),
                lambda: min(measurable("source"), measurable("artifact")),
            )
    interval = _bootstrap.interval(known)
    row = Measurement(
        metric=f"quality.{name}",
        value=value,
        evidence=evidence,
        baseline=baseline,
        detail=_detail(figures, samples, higher) + _lost(figures, predictions["artifact"]),
        interval=interval,
        quantiles=known,
        drop_quantiles=drops,
    )
    shown = {
        "source": baseline,
        "optimised": figures.get("optimised"),
        "artifact": value,
        "interval": interval,
        "drop_interval": _bootstrap.interval(drops),
        "better": metric.METRIC.better,
        "unit": metric.METRIC.unit,
    }
    return row, shown


def _detail(figures: Mapping[str, float | None], samples: int, higher: bool) -> str:
    """Of how many samples, and where what was lost was lost."""
    source, artifact = figures["source"], figures["artifact"]
    if artifact is None:
        if source is not None:
            return f"no number of the artifact, {source:.6g} of the source"
        return "nothing in the data that it could measure"
    parts = [f"{samples} samples" if samples > 1 else "1 sample, too few for an interval"]
    optimised = figures.get("optimised")
    if source is not None and optimised is not None:
        sign = 1 if higher else -1
        lost = [
            sign * (a - b) if not math.isclose(a, b, rel_tol=1e-6) else 0.0
            for a, b in ((source, optimised), (optimised, artifact))
        ]
        if any(lost):
            parts.append(f"the recipe {_change(lost[0])}, backend and runtime {_change(lost[1])}")
    return "; ".join(parts)


def _lost(figures: Mapping[str, float | None], found: Arrays) -> str:
    """How many of the artifact's predictions are why there is no figure of it."""
    import numpy as np

    if figures["artifact"] is not None:
        return ""
    floats = [array for array in found.values() if array.dtype.kind == "f"]
    bad = sum(int((~np.isfinite(array)).sum()) for array in floats)
    every = sum(array.size for array in floats)
    return f"; {bad} of {every} values of its predictions are not finite" if bad else ""


def _change(lost: float) -> str:
    if not lost:
        return "lost nothing"
    return f"lost {lost:.3g}" if lost > 0 else f"gained {-lost:.3g}"


def _number(value: Any) -> float | None:
    number = float(value)
    return number if number == number else None


def _metric(name: str, module: str) -> Any:
    """The metric's module."""
    metric = importlib.import_module(module)
    missing = [part for part in ("METRIC", "statistics", "score") if not hasattr(metric, part)]
    if missing:
        raise QualityError(
            f"module `{module}` is no metric `quality.{name}`: it has no {' and no '.join(missing)}",
            hint="the package `edgebuild.steps.metrics` says what a metric's module has",
        )
    return metric


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
    metrics = {
        "mae": {"module": "edgebuild.steps.metrics.mae", "params": {}},
        "psnr_db": {"module": "edgebuild.steps.metrics.psnr_db", "params": {"peak": 2.0}},
    }
    return examples.call(
        folder,
        KIND,
        params=Params(decode=ProjectFile(path="decoding.py"), decode_function="halves"),
        facts={"evidence": "host", "metrics": metrics},
        inputs={
            "expected": examples.answers(folder / "expected.npz"),
            "optimised": examples.answers(folder / "optimised.npz", noise=0.01),
            "actual": examples.answers(folder / "actual.npz", noise=0.1),
            "evaluation": folder / "evaluation.npz",
            "decode": folder / "decoding.py",
        },
    )


KIND = StepKind(
    role="check",
    run=run,
    tools="metrics",
    consumes=("expected", "optimised?", "actual", "evaluation"),
    produces={"measurements": "measurements.json"},
    params=Params,
    facts=("evidence", "metrics"),
    platform=("isa",),
)
