"""Amounts with units: `2 MB` is 2,000,000 bytes, `2 MiB` is 2,097,152."""

from __future__ import annotations

from decimal import Decimal

_FACTORS = {
    "B": 1,
    "kB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}


def size_bytes(text: str) -> int:
    """Bytes of a size such as `1.5 MB`, rounded down; ValueError if it is none."""
    number = text.rstrip("BkKMGi")
    unit = text[len(number) :]
    if unit not in _FACTORS or not number.strip().replace(".", "", 1).isdecimal():
        raise ValueError(f"not a size: {text!r}")
    return int(Decimal(number.strip()) * _FACTORS[unit])
