"""A line of `accept:` as reports and messages have it."""

from __future__ import annotations

from edgebuild.step import Limit


def limit_text(limit: Limit, unit: str = "") -> str:
    """`>= 40`, `<= 2 MB`, `drop <= 0.02`, `alpha 0.3`, joined by commas."""
    parts = []
    if limit.min is not None:
        parts.append(f">= {amount(limit.min, unit)}")
    if limit.max is not None:
        parts.append(f"<= {amount(limit.max, unit)}")
    if limit.max_drop is not None:
        parts.append(f"drop <= {amount(limit.max_drop, unit)}")
    if limit.confidence is not None:
        parts.append(f"{100 * limit.confidence:g} % sure")
    parts += [f"{name} {value}" for name, value in limit.params.items()]
    if limit.evidence:
        parts.append("by " + " or ".join(limit.evidence))
    return ", ".join(parts)


def amount(value: float, unit: str) -> str:
    """A number as people write it: bytes in MB and kB (powers of 1000), others in six digits."""
    if unit == "bytes":
        for name, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
            if abs(value) >= scale:
                return f"{value / scale:g} {name}"
    return f"{value:g}"
