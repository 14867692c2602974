"""Figures as people read them, and as JSON holds them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

NOT_MEASURED = "not measured"
# How a figure was obtained, as a sentence goes on.
EVIDENCE: Mapping[str, str] = {
    "device": "on the device",
    "emulated": "on the emulator",
    "host": "on the host",
    "estimated": "estimated",
}
_NARROW = "\u202f"  # narrow no-break space, between groups of three digits


def figure(value: Any) -> float | None:
    """A figure of a document: a number, or `inf` and `-inf`, which JSON has no numbers for. Whatever else
    it is, NaN included: None."""
    if isinstance(value, float):
        return None if value != value else value
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return float(value) if value in ("inf", "-inf") else None


def plain(value: Any) -> Any:
    """What JSON can hold: infinities as the strings `inf` and `-inf`, NaN as null, tuples as lists, keys
    as strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def number(value: Any, unit: str = "") -> str:
    """Five significant digits; whole numbers whole; bytes and short times as people write them; infinity as
    its sign."""
    found = figure(value)
    if found is None:
        return NOT_MEASURED
    if unit == "bytes" and math.isfinite(found):
        return bytes_text(found)
    if unit == "ms" and 0 < abs(found) < 0.001:
        found, unit = found * 1e6, "ns"
    return f"{_digits(found)} {unit}".strip()


def duration(milliseconds: float) -> str:
    """Three significant digits: `12.3 ms`, `22.7 ns`."""
    return number(float(f"{milliseconds:.3g}"), "ms")


def bytes_text(size: float) -> str:
    """Powers of 1000, as file managers and vendors of memory count."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(size) >= scale:
            return f"{size / scale:.2f} {unit}"
    return f"{size:.0f} B"


def amount(value: Any, unit: str = "") -> str:
    """Three significant digits with a prefix: `1.23 M`, `45.6 GMAC`."""
    found = figure(value)
    if found is None:
        return NOT_MEASURED
    for prefix, scale in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(found) >= scale:
            return f"{found / scale:.3g} {prefix}{unit}"
    return f"{found:.3g} {unit}".strip()


def count(number: int, noun: str) -> str:
    """`1 tensor`, `3 tensors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def percent(share: Any) -> str:
    """`12.3 %` of a share 0..1."""
    found = figure(share)
    if found is None:
        return NOT_MEASURED
    if 0 < found < 0.0001:
        return "< 0.01 %"
    return f"{100 * found:.3g} %" if found < 0.9995 or found == 1 else f"{100 * found:.2f} %"


def between(interval: Any) -> tuple[float, float] | None:
    """The two ends of an interval, or None."""
    if not isinstance(interval, (list, tuple)) or len(interval) != 2:
        return None
    low, high = figure(interval[0]), figure(interval[1])
    return None if low is None or high is None else (low, high)


def quantile(ordered: list[float], share: float) -> float:
    """Linear between the two nearest of sorted values, as numpy does by default."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def numbers(values: Any) -> list[float]:
    """The finite ones among what a document has as a list."""
    if not isinstance(values, Iterable) or isinstance(values, (str, Mapping)):
        return []
    found = (figure(value) for value in values)
    return [value for value in found if value is not None and math.isfinite(value)]


def _digits(value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if 1e5 <= abs(value) < 1e15 and value != int(value):
        value = float(f"{value:.5g}")
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}".replace(",", _NARROW) if abs(value) >= 10_000 else f"{int(value)}"
    return f"{value:.5g}"
