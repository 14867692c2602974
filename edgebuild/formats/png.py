"""Small pictures as PNG (ISO/IEC 15948), by the standard library's zlib: equal pixels give equal bytes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]

# Red, green, blue, opacity; 0..255.
Color = tuple[int, int, int, int]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GRAY, _RGB, _INDEXED = 0, 2, 3


def encode(pixels: Array, palette: Sequence[Color] = ()) -> bytes:
    """uint8 [H, W, 3] is RGB; [H, W] is grey, or with a palette of at most 256 colours places in it."""
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1)
    if palette:
        kind, data = _INDEXED, b"".join(b"\0" + row.tobytes() for row in rows)
    else:
        kind = _GRAY if pixels.ndim == 2 else _RGB
        data = _filtered(rows, 1 if pixels.ndim == 2 else 3)
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = [_chunk(b"IHDR", header)]
    if palette:
        chunks.append(_chunk(b"PLTE", bytes(v for color in palette for v in color[:3])))
        chunks.append(_chunk(b"tRNS", bytes(color[3] for color in palette)))
    chunks += [_chunk(b"IDAT", zlib.compress(data, 6)), _chunk(b"IEND", b"")]
    return _SIGNATURE + b"".join(chunks)


def _filtered(rows: Array, step: int) -> bytes:
    """Each row as differences from the left or from above, whichever are smaller (section 12.7)."""
    import numpy as np

    left = np.zeros_like(rows)
    left[:, step:] = rows[:, :-step]
    above = np.zeros_like(rows)
    above[1:] = rows[:-1]
    choices = [rows, rows - left, rows - above]
    costs = np.stack([np.abs(c.astype(np.int8).astype(np.int64)).sum(axis=1) for c in choices])
    best = costs.argmin(axis=0)
    return b"".join(bytes([kind]) + choices[kind][y].tobytes() for y, kind in enumerate(best))


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
