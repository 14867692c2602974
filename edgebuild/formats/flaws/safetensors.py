"""What is wrong with a safetensors file: a header that does not account for every byte once.

Format: https://github.com/huggingface/safetensors, "Format".
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from edgebuild.formats.flaws.flaw import Flaw, short

_BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64,
    "U32": 32, "U16": 16, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "C64": 64,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip
_LARGEST_HEADER = 100_000_000


def flaws(data: bytes) -> Iterator[Flaw]:
    """Of the header, then of the places it gives."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(_LARGEST_HEADER, len(data) - 8):
        yield Flaw(kind="damaged", text="its header is cut short, or it is no safetensors file")
        return
    twice: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        twice.extend(name for name, n in Counter(name for name, _ in found).items() if n > 1)
        return dict(found)

    try:
        header = json.loads(data[8 : 8 + size], object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        yield Flaw(kind="damaged", text="its header is no JSON object")
        return
    for name in sorted(twice):
        yield Flaw(kind="hidden", text=f"two entries `{short(name)}` in its header")
    yield from _places(header, len(data) - 8 - size)


def _places(header: dict[str, Any], size: int) -> Iterator[Flaw]:
    end = 0
    for start, stop, name in sorted(_spans(header)):
        if (start, stop) == (-1, -1):
            yield Flaw(kind="damaged", text=f"tensor `{short(name)}` does not fit its place")
            continue
        if start != end:
            what = "overlaps another" if start < end else f"has {start - end:,} bytes before it"
            kind = "damaged" if start < end else "hidden"
            yield Flaw(kind=kind, text=f"tensor `{short(name)}` {what}")  # type: ignore[arg-type]
        end = max(end, stop)
    if end > size:
        yield Flaw(kind="damaged", text=f"it is cut short: {size:,} of {end:,} bytes of tensors")
    elif end < size:
        yield Flaw(kind="hidden", text=f"{size - end:,} bytes that belong to no tensor")


def _spans(header: dict[str, Any]) -> Iterator[tuple[int, int, str]]:
    """First byte, last byte + 1, name; -1, -1 where an entry says nothing usable."""
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            start, stop = entry["data_offsets"]
            shape = entry["shape"]
            numbers = [start, stop, *shape]
            sound = all(type(n) is int and 0 <= n < 2**48 for n in numbers) and len(shape) < 64
            bits = math.prod(shape) * _BITS[entry["dtype"]] if sound else 0
        except (KeyError, TypeError, ValueError):
            sound, bits = False, 0
        if sound and (stop - start) * 8 == bits + -bits % 8:
            yield start, stop, name
        else:
            yield -1, -1, name
