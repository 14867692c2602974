"""A model of one convolution as ONNX bytes, made without the `onnx` package."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from edgebuild.formats.protobuf import field

_FLOAT = 1


def onnx(image: str, mask: str, *, opset: int = 13, op: str = "Sigmoid") -> bytes:
    """Conv 1x1 (3 to 2 channels) named `conv`, then `op` named `last`; `image` [1, 3, 6, 4] to
    `mask` [1, 2, 6, 4]."""
    weights = [(i * 37 % 101 - 50) / 100 for i in range(6)]
    graph = b"".join(
        [
            field(1, _node("Conv", "conv", [image, "weights"], ["inner"])),
            field(1, _node(op, "last", ["inner"], [mask])),
            field(2, "main"),
            field(5, _tensor("weights", (2, 3, 1, 1), weights)),
            field(11, _value(image, (1, 3, 6, 4))),
            field(12, _value(mask, (1, 2, 6, 4))),
        ]
    )
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, opset))


def _node(op: str, name: str, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    data = b"".join([*(field(1, i) for i in inputs), *(field(2, o) for o in outputs)])
    return data + field(3, name) + field(4, op)


def _tensor(name: str, shape: Sequence[int], values: Sequence[float]) -> bytes:
    dims = b"".join(field(1, size) for size in shape)
    raw = struct.pack(f"<{len(values)}f", *values)
    return dims + field(2, _FLOAT) + field(8, name) + field(9, raw)


def _value(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(field(1, field(1, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, _FLOAT) + field(2, dims)))
