"""How far the artifact's answers are from the source's: each output over all samples, and layer by layer.

Layers are compared on the few samples whose answers are worst, where a probe can look inside the artifact.
`layer_sqnr_db` is that of the worst layer. A network goes wrong where a layer loses most of what its inputs
still had; that layer is named too. With `isa` in its target, an artifact for the host is also run with
no more than that instruction set.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgebuild.formats import dataset, layers, measurements
from edgebuild.step import Call, Evidence, Measurement, Metric, StepKind
from edgebuild.steps import agreement, examples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

_FIGURES = {
    "sqnr_db": agreement.sqnr,
    "max_abs": agreement.max_abs,
    "mean_abs": agreement.mean_abs,
    "cosine": agreement.cosine,
}
_WORST = 10
_LOSS_DB = 10.0  # ten times the noise: less is what a sound layer may lose


def run(call: Call) -> None:
    """Compare output by output, then say what was found in the layers."""
    expected = dataset.load(call.inputs["expected"])["outputs"]
    actual = dataset.load(call.inputs["actual"])["outputs"]
    inside = layers.load(call.inputs["layers"]) if "layers" in call.inputs else None
    evidence: Evidence = call.facts["evidence"] or "host"
    rows: list[Measurement] = []
    details: dict[str, Any] = {}
    for name, wanted in expected.items():
        found = actual.get(name)
        problem = _problem(wanted, found, inside)
        figures: dict[str, float | None] = dict.fromkeys(_FIGURES)
        if found is not None and not problem:
            figures = {key: measure(wanted, found) for key, measure in _FIGURES.items()}
            problem = _note(found, inside)
            details[name] = {"sqnr_db_by_sample": _by_sample(wanted, found)}
        rows += [
            Measurement(
                metric=f"parity.{key}",
                value=value,
                evidence=evidence,
                output=name,
                detail=problem,
            )
            for key, value in figures.items()
        ]
    rows += _weakest(call, expected)
    rows += _inside(inside)
    document = None
    if inside is not None:
        worst = [row["depth"] for row in layers.worst(inside["rows"], _WORST)]
        document = {**inside, "worst": worst}
    measurements.save(call.outputs["measurements"], rows, {"outputs": details, "layers": document})


def _problem(
    wanted: NDArray[Any], found: NDArray[Any] | None, inside: dict[str, Any] | None = None
) -> str:
    import numpy as np

    if found is None:
        return "the artifact has no such output"
    if found.shape != wanted.shape:
        return f"shape {list(found.shape)} instead of {list(wanted.shape)}"
    bad = int((~np.isfinite(wanted)).sum())
    if bad:
        problem = f"{bad} of the source's {wanted.size} values are not finite"
        first = inside and inside["source_not_finite"]
        return (
            f"{problem}; the first layer of it that makes one is {_named(first)}"
            if first
            else problem
        )
    return ""


def _note(found: NDArray[Any], inside: dict[str, Any] | None) -> str:
    """The artifact's own infinities are measured: as infinite noise."""
    import numpy as np

    bad = int((~np.isfinite(found)).sum())
    if not bad:
        return ""
    first = next(iter(_not_finite(inside)), None) if inside else None
    note = f"{bad} of {found.size} values are not finite"
    return f"{note}; the first layer that makes one is {_named(first)}" if first else note


def _inside(inside: dict[str, Any] | None) -> list[Measurement]:
    """What the layers say together."""

    def measured(metric: str, value: float | None, detail: str) -> Measurement:
        evidence: Evidence = inside["evidence"] if inside else "host"
        return Measurement(metric=f"parity.{metric}", value=value, evidence=evidence, detail=detail)

    rows: list[layers.Row] = inside["rows"] if inside else []
    worst = layers.worst(rows, _WORST)
    if inside is None or not rows:
        why = _no_layers(inside) if inside else "nothing here can look inside this artifact"
        return [measured(m, None, why) for m in ("layer_sqnr_db", "nonfinite_layers")]
    bad = _not_finite(inside)
    first = f"first in {_named(bad[0])}, {bad[0]['nonfinite']} values" if bad else ""
    story = "what the source's layers give is 0 or not finite: there is no ratio"
    return [
        measured("layer_sqnr_db", worst[0]["sqnr_db"], _story(inside, worst))
        if worst
        else measured("layer_sqnr_db", None, story),
        measured("nonfinite_layers", len(bad), _joined(first, _seen(inside))),
    ]


def _no_layers(inside: dict[str, Any]) -> str:
    """Why nothing was compared although something looked inside."""
    if inside["unmatched"]:
        return (
            f"none of the source's {len(inside['unmatched'])} layers is in the artifact by its name"
        )
    return "the source has no layer that gives floats"


def _seen(inside: dict[str, Any]) -> str:
    """How much of the source was compared, where that is not all. What the artifact computes in one go
    with the next layer is seen in that one's result."""
    lost = len(inside["unmatched"])
    return (
        f"{len(inside['rows'])} of the source's {len(inside['rows']) + lost} layers seen"
        if lost
        else ""
    )


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def _story(inside: dict[str, Any], worst: list[layers.Row]) -> str:
    """Which layer is worst, where the network goes wrong, and the rest of the worst ten."""
    rows, keeps_db, lowest = inside["rows"], inside["keeps_db"], worst[0]
    parts = [f"lowest in {_named(lowest)}, {lowest['depth'] + 1} of {len(rows)}"]
    culprit = max(rows, key=lambda row: (layers.loss_db(row, keeps_db), -row["depth"]))
    if layers.loss_db(culprit, keeps_db) >= _LOSS_DB:
        had = min(culprit["input_sqnr_db"], keeps_db)
        parts.append(
            f"goes wrong in {_named(culprit)}: {culprit['sqnr_db']:.1f} dB, "
            f"with {'at least ' if had == keeps_db else ''}{had:.1f} dB before it"
        )
    if worst[1:]:
        rest = ", ".join(f"`{row['layer']}` {row['sqnr_db']:.1f}" for row in worst[1:])
        parts.append(f"then {rest}")
    agreed = inside["copy_sqnr_db"]
    if agreed is not None and agreed < lowest["sqnr_db"] + _LOSS_DB:
        parts.append(f"looking inside changed the answers: {inside['note']}")
    return _joined(*parts, _seen(inside))


def _not_finite(inside: dict[str, Any]) -> list[layers.Row]:
    """Layers where the artifact has more values that are not finite than the source, in order."""
    return [row for row in inside["rows"] if row["nonfinite"] > row["nonfinite_source"]]


def _named(row: layers.Row) -> str:
    within = ", ".join(f"`{node}`" for node in row.get("includes", ()))
    return f"`{row['layer']}` ({row['op']}{', with ' + within if within else ''})"


def _weakest(call: Call, expected: Arrays) -> list[Measurement]:
    """The answers with no more than the target's instruction set."""
    groups, why = _limited(call)

    def measured(value: float | None, detail: str, output: str = "") -> Measurement:
        metric = "parity.isa_sqnr_db"
        return Measurement(
            metric=metric, value=value, evidence="host", output=output, detail=detail
        )

    if why or "outputs" not in groups:
        return [measured(None, why)]
    free = int(groups.get("not_held", {}).get("layers", [0])[0])
    how = f"with {call.facts['isa']}"
    if free:
        how += f", but for {free} layer{'s' if free > 1 else ''} that MLAS computes"
    rows = []
    for name, wanted in expected.items():
        found = groups["outputs"].get(name)
        problem = _problem(wanted, found)
        value = None if problem or found is None else agreement.sqnr(wanted, found)
        rows.append(measured(value, problem or how, name))
    return rows


def _limited(call: Call) -> tuple[dataset.Groups, str]:
    """Those answers, or why there are none."""
    if call.facts["isa"] is None:
        return {}, "the target declares no `isa`"
    if "weakest" not in call.inputs:
        backend = call.facts["backend"]
        return {}, f"what runs artifacts of `{backend}` cannot be held to an instruction set"
    groups = dataset.load(call.inputs["weakest"])
    return groups, str(groups["unproven"]["reason"][0]) if "unproven" in groups else ""


def _by_sample(wanted: NDArray[Any], found: NDArray[Any]) -> list[float | None]:
    values = [agreement.sqnr(a, b) for a, b in zip(wanted, found, strict=True)]
    return [None if math.isnan(value) else value for value in values]


def example(folder: Path) -> Call:
    """Answers with a hundredth of noise, and the layers of a probe."""
    row = {"name": "c1", "op": "Conv", "layer": "conv1", "depth": 0, "sqnr_db": 40.0}
    row |= {"input_sqnr_db": "inf", "max_abs": 0.1, "mean_abs": 0.01, "cosine": 0.999}
    row |= {"nonfinite": 0, "nonfinite_source": 0, "includes": []}
    document = {"evidence": "host", "samples": 1, "rows": [row], "unmatched": [], "note": ""}
    document |= {"keeps_db": 110.0, "source_not_finite": None, "copy_sqnr_db": 60.0}
    (folder / "layers.json").write_text(json.dumps(document))
    return examples.call(
        folder,
        KIND,
        facts={"evidence": "host", "isa": "AVX2", "backend": "openvino_ir"},
        inputs={
            "expected": examples.answers(folder / "expected.npz"),
            "actual": examples.answers(folder / "actual.npz", noise=0.01),
            "weakest": examples.answers(folder / "weakest.npz", noise=0.02),
            "layers": folder / "layers.json",
        },
    )


KIND = StepKind(
    role="check",
    run=run,
    tools="onnx",
    consumes=("expected", "actual", "layers?", "weakest?"),
    produces={"measurements": "measurements.json"},
    facts=("evidence", "isa", "backend"),
    platform=("isa",),  # sums round differently from one to the other
    metrics={
        "sqnr_db": Metric(doc="signal to quantisation noise ratio of an output", unit="dB"),
        "max_abs": Metric(doc="largest absolute difference of an output", better="lower"),
        "mean_abs": Metric(doc="mean absolute difference of an output", better="lower"),
        "cosine": Metric(doc="cosine similarity of an output"),
        "isa_sqnr_db": Metric(
            doc="as sqnr_db, computed with no more than the target's `isa`", unit="dB"
        ),
        "layer_sqnr_db": Metric(
            doc="signal to noise ratio of the worst layer, on the worst samples", unit="dB"
        ),
        "nonfinite_layers": Metric(
            doc="layers with infinities or NaN that the source's do not have", better="lower"
        ),
    },
)
