"""Whether float16 can hold the model's weights and what it computes on the evaluation data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgebuild.formats import measurements
from edgebuild.step import Call, Evidence, Measurement, Metric, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Add up over all tensors; name the first that overflows, for what follows from it is noise."""
    document = json.loads(call.inputs["ranges"].read_text())
    tensors: list[dict[str, Any]] = document["tensors"]
    values = [t for t in tensors if t["kind"] == "value"]
    elements = sum(t["elements"] for t in values)
    small = sum(t["subnormal"] for t in values)
    evidence: Evidence = call.facts["evidence"] or "host"

    def measured(metric: str, value: float | None, detail: str) -> Measurement:
        return Measurement(
            metric=f"numeric.{metric}", value=value, evidence=evidence, detail=detail
        )

    rows = [
        measured("fp16_overflow", sum(t["overflow"] for t in tensors), _first(tensors, "overflow")),
        measured("fp16_subnormal", small / elements if elements else None, _worst(values)),
        measured("nan_count", sum(t["nan"] for t in tensors), _first(tensors, "nan")),
    ]
    measurements.save(
        call.outputs["measurements"],
        rows,
        {"samples": document["samples"], "tensors": tensors},
    )


def _first(tensors: list[dict[str, Any]], figure: str) -> str:
    for tensor in tensors:
        if tensor[figure]:
            return f"first in {_name(tensor)}, largest magnitude {float(tensor['max_abs']):.6g}"
    return ""


def _worst(values: list[dict[str, Any]]) -> str:
    """The tensor with the largest share of values below float16's normal range."""
    full = [t for t in values if t["elements"] and t["subnormal"]]
    if not full:
        return ""
    worst = max(full, key=lambda t: float(t["subnormal"]) / t["elements"])
    return f"most in {_name(worst)}, {worst['subnormal'] / worst['elements']:.2%}"


def _name(tensor: dict[str, Any]) -> str:
    layer = f" of `{tensor['layer']}`" if tensor["layer"] else ""
    return f"{tensor['kind']} `{tensor['name']}`{layer}"


def example(folder: Path) -> Call:
    """A value that overflows once in two hundred."""
    row = {"layer": "conv1", "elements": 200, "overflow": 1, "nan": 0, "subnormal": 3}
    tensors = [{**row, "name": "c1", "kind": "value", "max_abs": 70000.0}]
    (folder / "ranges.json").write_text(json.dumps({"samples": 2, "tensors": tensors}))
    return examples.call(
        folder, KIND, facts={"evidence": "host"}, inputs={"ranges": folder / "ranges.json"}
    )


KIND = StepKind(
    role="check",
    run=run,
    tools="python",
    consumes=("ranges",),
    produces={"measurements": "measurements.json"},
    facts=("evidence",),
    metrics={
        "fp16_overflow": Metric(doc="weights and values beyond float16's range", better="lower"),
        "fp16_subnormal": Metric(
            doc="share of the values below float16's smallest normal, 6.1e-5", better="lower"
        ),
        "nan_count": Metric(doc="values that are not numbers", better="lower"),
    },
)
