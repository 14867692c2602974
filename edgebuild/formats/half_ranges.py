"""What float16 loses of a model's weights and values, added up over samples of its rounding model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats.onnx_rounding import FIGURES, Probe, Weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Seen: TypeAlias = dict[str, dict[str, float]]


def nothing_seen(probes: Sequence[Probe]) -> Seen:
    """Figures by value and name, all 0."""
    return {probe.value: dict.fromkeys(FIGURES, 0.0) for probe in probes}


def add(seen: Seen, probes: Sequence[Probe], found: Mapping[str, NDArray[Any]]) -> None:
    """One sample's answers of the rounding model."""
    for probe in probes:
        figures = seen[probe.value]
        for figure in FIGURES:
            value = float(found[probe.output(figure)])
            if figure == "max_abs":
                figures[figure] = _larger(figures[figure], value)
            else:
                figures[figure] += value


def rows(
    weights: Sequence[Weight], probes: Sequence[Probe], seen: Seen, samples: int
) -> list[dict[str, Any]]:
    """As `ranges.json` has them: see `edgebuild.steps.checks.numeric`."""
    found: list[dict[str, Any]] = [
        {
            "name": w.name,
            "layer": "",
            "kind": "weight",
            "elements": w.elements,
            "max_abs": _json(w.max_abs),
            "overflow": w.overflow,
            "nan": 0,
            "subnormal": w.subnormal,
        }
        for w in weights
    ]
    for probe in probes:
        figures = seen[probe.value]
        found.append(
            {
                "name": probe.value,
                "layer": probe.layer,
                "kind": "value",
                "elements": probe.elements * samples,
                "max_abs": _json(figures["max_abs"]),
                "overflow": int(figures["overflow"]),
                "nan": int(figures["nan"]),
                "subnormal": int(figures["subnormal"]),
            }
        )
    return found


def _larger(a: float, b: float) -> float:
    return b if math.isnan(b) or b > a else a


def _json(value: float) -> float | str:
    """JSON has no infinity and no NaN: as text that `float` reads."""
    return value if math.isfinite(value) else str(value)
