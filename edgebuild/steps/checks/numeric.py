"""What the target's arithmetic loses of the weights and of what the network computes on the evaluation data.

Float16, where the chip has nothing else: values beyond 65504, and below 6.1e-5. 8 and 16 bits, where the
network is quantised: values beyond what the integers stand for (`clip_share`), and how the range that
was seen in evaluation compares with the one that calibration found (`range_ratio_*`: near 1 where
calibration data are like evaluation data, far above 1 where they were too tame, far below where they were
wilder). Everywhere: what is no number. Each figure names its tensor and layer.

It is found by running the network on the machine that builds, node by node, so evidence is `host`.
`ranges.json`, which it reads, is an object of `samples` that were looked at, `of` so many there are (if that is
more), and `tensors`, a list in the order of the graph:
`name`, `layer` (the node that makes it), `kind` (value or weight), `elements`, `max_abs`, `nan`, `inf`,
`overflow` and `subnormal` (of float16, else null), `min`, `max`; and where quantised `type`, `low`, `high`,
`scale`, `zero_point`, `clipped`, `clipped_low`, `clipped_high`, `used` (seen range by quantised range) and
`stuck`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from edgebuild.formats import measurements
from edgebuild.step import Call, Measurement, Metric, StepKind
from edgebuild.steps import examples

Row: TypeAlias = dict[str, Any]
Figure: TypeAlias = tuple[float | None, str]

_NO_HALVES = "nothing was run in float16"
_NO_FLOATS = "the network has no values that are floats"
_NOT_QUANTISED = "nothing is quantised"
_CONSTANT = "all that is quantised is constant"


def run(call: Call) -> None:
    """Add up over all tensors, or take the worst, and name it."""
    document = json.loads(call.inputs["ranges"].read_text())
    tensors: list[Row] = document["tensors"]
    samples, every = document["samples"], document.get("of", document["samples"])
    seen = f"{samples} of {every} samples looked at" if samples < every else ""
    figures = {**_halves(tensors), **_numbers(tensors, seen), **_integers(tensors)}
    rows = [
        Measurement(metric=f"numeric.{name}", value=value, evidence="host", detail=detail)
        for name, (value, detail) in figures.items()
    ]
    details = {"samples": samples, "tensors": tensors}
    measurements.save(call.outputs["measurements"], rows, details)


def _halves(tensors: Sequence[Row]) -> dict[str, Figure]:
    known = [t for t in tensors if t.get("overflow") is not None]
    values = [t for t in known if t["kind"] == "value" and t["elements"]]
    if not values:
        return dict.fromkeys(
            ("fp16_overflow", "fp16_saturation", "fp16_subnormal"), (None, _NO_HALVES)
        )
    small = sum(t["subnormal"] for t in values) / sum(t["elements"] for t in values)
    worst = max(known, key=lambda t: _share(t, "overflow"))
    return {
        "fp16_overflow": (sum(t["overflow"] for t in known), _first(known, "overflow")),
        "fp16_saturation": (_share(worst, "overflow"), _most(worst, "overflow")),
        "fp16_subnormal": (
            small,
            _most(max(values, key=lambda t: _share(t, "subnormal")), "subnormal"),
        ),
    }


def _numbers(tensors: Sequence[Row], seen: str) -> dict[str, Figure]:
    """What float16 makes infinite counts as infinite. `seen` says of which samples, if not of all."""
    if not tensors:
        return dict.fromkeys(("nan_count", "inf_count"), (None, _NO_FLOATS))
    rows = [{**t, "inf": t["inf"] if "inf" in t else t["overflow"]} for t in tensors]
    return {
        f"{name}_count": (
            sum(t[name] for t in rows),
            "; ".join(filter(None, (_first(rows, name), seen))),
        )
        for name in ("nan", "inf")
    }


def _integers(tensors: Sequence[Row]) -> dict[str, Figure]:
    quantised = [t for t in tensors if t.get("clipped") is not None and t["elements"]]
    if not quantised:
        names = ("clip_share", "range_ratio_max", "range_ratio_min", "stuck_tensors")
        return dict.fromkeys(names, (None, _NOT_QUANTISED))
    clipping = max(quantised, key=lambda t: _share(t, "clipped"))
    stuck = [t for t in quantised if t["stuck"]]
    # What is constant by itself, not by being clipped, uses next to nothing of any range.
    varying = [t for t in quantised if t["used"] is not None and (t["clipped"] or not t["stuck"])]
    ratios = sorted(varying, key=lambda t: t["used"])
    narrow = (ratios[-1]["used"], f"most in {_ranges(ratios[-1])}") if ratios else (None, _CONSTANT)
    wide = (ratios[0]["used"], f"least in {_ranges(ratios[0])}") if ratios else (None, _CONSTANT)
    return {
        "clip_share": (_share(clipping, "clipped"), _clipped(clipping)),
        "range_ratio_max": narrow,
        "range_ratio_min": wide,
        "stuck_tensors": (len(stuck), f"first {_stuck(stuck[0])}" if stuck else ""),
    }


def _share(tensor: Row, figure: str) -> float:
    return float(tensor[figure]) / (tensor["elements"] or 1)


def _first(tensors: Sequence[Row], figure: str) -> str:
    """What follows from the first is noise."""
    for tensor in tensors:
        if tensor[figure]:
            text = f"first in {_name(tensor)}"
            peak = tensor["max_abs"]
            return f"{text}, largest magnitude {float(peak):.6g}" if peak is not None else text
    return ""


def _most(tensor: Row, figure: str) -> str:
    """Nothing where there is nothing."""
    return f"most in {_name(tensor)}, {_share(tensor, figure):.2%}" if tensor[figure] else ""


def _clipped(tensor: Row) -> str:
    if not tensor["clipped"]:
        return ""
    parts = [
        f"{tensor[side] / tensor['elements']:.2%} {word} {tensor[end]:.6g}"
        for side, word, end in (("clipped_low", "below", "low"), ("clipped_high", "above", "high"))
        if tensor[side]
    ]
    return f"most in {_name(tensor)}, {' and '.join(parts)}"


def _ranges(tensor: Row) -> str:
    return (
        f"{_name(tensor)}, {tensor['min']:.6g}..{tensor['max']:.6g} seen,"
        f" {tensor['low']:.6g}..{tensor['high']:.6g} in {tensor['type']}"
    )


def _stuck(tensor: Row) -> str:
    """All of it is one integer: saturated where it all lies beyond an end, else constant."""
    if tensor["clipped"] == tensor["elements"]:
        return f"{_name(tensor)}, all of it clipped"
    return f"{_name(tensor)}, always {tensor['min']:.6g}"


def _name(tensor: Row) -> str:
    layer = f" of `{tensor['layer']}`" if tensor["layer"] else ""
    return f"{tensor['kind']} `{tensor['name']}`{layer}"


def example(folder: Path) -> Call:
    """A value that overflows once in two hundred, and one of 8 bits that is clipped as often."""
    row = {"layer": "conv1", "elements": 200, "nan": 0, "kind": "value"}
    half = {"name": "c1", "overflow": 1, "subnormal": 3, "max_abs": 70000.0}
    byte = {
        "name": "c2",
        "overflow": None,
        "subnormal": None,
        "max_abs": 3.0,
        "inf": 0,
        "min": -1.0,
        "max": 3.0,
        "type": "uint8",
        "low": -1.0,
        "high": 2.0,
        "clipped": 1,
        "clipped_low": 0,
        "clipped_high": 1,
        "used": 4 / 3,
        "stuck": False,
    }
    document = {"samples": 2, "tensors": [{**row, **half}, {**row, **byte}]}
    (folder / "ranges.json").write_text(json.dumps(document))
    return examples.call(folder, KIND, inputs={"ranges": folder / "ranges.json"})


KIND = StepKind(
    role="check",
    run=run,
    tools="python",
    consumes=("ranges",),
    produces={"measurements": "measurements.json"},
    metrics={
        "fp16_overflow": Metric(doc="weights and values beyond float16's range", better="lower"),
        "fp16_saturation": Metric(
            doc="share of a tensor that lies beyond float16's range, the worst tensor's",
            better="lower",
        ),
        "fp16_subnormal": Metric(
            doc="share of the values below float16's smallest normal, 6.1e-5", better="lower"
        ),
        "nan_count": Metric(doc="values that are not numbers", better="lower"),
        "inf_count": Metric(doc="values that are infinite", better="lower"),
        "clip_share": Metric(
            doc="share of a quantised tensor beyond what its integers stand for, the worst tensor's",
            better="lower",
        ),
        "range_ratio_max": Metric(
            doc="range seen by range quantised, the highest: above 1 calibration saw too little",
            better="lower",
        ),
        "range_ratio_min": Metric(
            doc="range seen by range quantised, the lowest: far below 1 calibration saw too much"
        ),
        "stuck_tensors": Metric(
            doc="quantised tensors that hold one and the same integer throughout", better="lower"
        ),
    },
)
