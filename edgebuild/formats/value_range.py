"""What is kept of all arrays of one value: its range, what of it is no number, what a quantiser clips."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgebuild.formats.onnx_quantisers import Quantiser

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SMALLEST_HALF = 2.0**-14  # float16's smallest normal


@dataclass(kw_only=True)
class ValueRange:
    """`lowest` and `highest` are of the finite values, within the quantiser's bounds. `clipped_*` count what no
    rounding brings into its range: beyond its ends by more than half a step, but not on purpose.
    `subnormal` and `overflow` are of values that the model keeps in float16 itself. `again`: another
    quantiser's of the same value, which counts what is no number.
    """

    name: str
    layer: str
    quantiser: Quantiser | None = None
    again: bool = False
    elements: int = 0
    lowest: float = math.inf
    highest: float = -math.inf
    nan: int = 0
    inf: int = 0
    clipped_low: int = 0
    clipped_high: int = 0
    half: bool = False
    subnormal: int = 0

    def add(self, array: NDArray[Any]) -> None:
        """One sample's."""
        import numpy as np

        if not array.size:
            return
        self.elements += array.size
        with np.errstate(invalid="ignore"):
            lowest, highest = float(array.min()), float(array.max())
        if not (math.isfinite(lowest) and math.isfinite(highest)):
            if not self.again:
                self.nan += int(np.isnan(array).sum())
                self.inf += int(np.isinf(array).sum())
            finite = array[np.isfinite(array)]
            lowest = float(finite.min(initial=math.inf))
            highest = float(finite.max(initial=-math.inf))
        if self.quantiser is not None:
            lowest, highest = (_within(value, self.quantiser.bounds) for value in (lowest, highest))
        self.lowest, self.highest = min(self.lowest, lowest), max(self.highest, highest)
        if array.dtype == np.float16:
            self.half = True
            size = np.abs(array)
            self.subnormal += int(((size > 0) & (size < _SMALLEST_HALF)).sum())
        if self.quantiser is not None:
            self._clip(self.quantiser, array, lowest, highest)

    def row(self) -> dict[str, Any]:
        """As `ranges.json` has it: see `edgebuild.steps.checks.numeric`."""
        seen = self.lowest <= self.highest
        row: dict[str, Any] = {
            "name": self.name,
            "layer": self.layer,
            "kind": "value",
            "elements": self.elements,
            "min": self.lowest if seen else None,
            "max": self.highest if seen else None,
            "max_abs": self._largest(),
            "nan": self.nan,
            "inf": self.inf,
            "overflow": self.inf if self.half else None,
            "subnormal": self.subnormal if self.half else None,
        }
        if self.quantiser is not None:
            row |= self._quantised(self.quantiser)
        return row

    def _largest(self) -> float | str | None:
        """JSON has no infinity: as text that `float` reads."""
        if self.inf:
            return "inf"
        if self.lowest > self.highest:
            return "nan" if self.nan else None
        return max(abs(self.lowest), abs(self.highest))

    def _clip(
        self, quantiser: Quantiser, array: NDArray[Any], lowest: float, highest: float
    ) -> None:
        half_step = quantiser.scale / 2
        low, high = quantiser.low - half_step, quantiser.high + half_step
        finite = self.nan == 0 == self.inf
        least, most = quantiser.bounds
        if least < low.max() and (not finite or lowest < low.max()):
            self.clipped_low += int((array < low.astype(array.dtype)).sum())
        if most > high.min() and (not finite or highest > high.min()):
            self.clipped_high += int((array > high.astype(array.dtype)).sum())

    def _quantised(self, quantiser: Quantiser) -> dict[str, Any]:
        low, high = float(quantiser.low.min()), float(quantiser.high.max())
        seen = self.lowest <= self.highest
        # Quantised ranges always hold zero, so what was seen is taken with zero as well.
        width = max(self.highest, 0.0) - min(self.lowest, 0.0) if seen else 0.0
        stuck = seen and all(
            one == other
            for one, other in zip(
                quantiser.stored(self.lowest), quantiser.stored(self.highest), strict=True
            )
        )
        return {
            "quantiser": quantiser.node,
            "type": quantiser.type,
            "low": low,
            "high": high,
            "scale": _plain(quantiser.scale),
            "zero_point": _plain(quantiser.zero_point),
            "clipped": self.clipped_low + self.clipped_high,
            "clipped_low": self.clipped_low,
            "clipped_high": self.clipped_high,
            "used": width / (high - low) if seen and high > low else None,
            "stuck": stuck,
        }


def _within(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1]) if math.isfinite(value) else value


def _plain(array: NDArray[Any]) -> float | list[float]:
    """One figure as such, several as a list."""
    values = [float(value) for value in array.ravel()]
    return values[0] if len(values) == 1 else values
