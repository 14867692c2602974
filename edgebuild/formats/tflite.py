"""TFLite files: inputs, outputs and ops of the main graph, read from bytes that may come from anywhere.

A FlatBuffer by the schema of TensorFlow's `schema.fbs`, version 3. Every weight buffer is looked at, so
that a file that is cut short is refused. Needs the standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgebuild.errors import EdgebuildError
from edgebuild.formats import flatbuffer
from edgebuild.formats.flatbuffer import FlatbufferError, Table
from edgebuild.formats.tflite_ops import OPS
from edgebuild.step import DType

_VERSION = 3
# By `TensorType`.
_DTYPES: dict[int, DType] = {
    0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 9: "int8",
}  # fmt: skip
_LARGEST_TENSOR = 2**36
_MOST_DIMENSIONS = 32


class TfliteError(EdgebuildError):
    """Bytes that are no sound TFLite file, or one that no target takes."""


@dataclass(frozen=True, kw_only=True)
class TfliteTensor:
    """An input or output. A dimension that is known at run time only is None.

    `scale` and `zero_point`: the real value is `(stored - zero_point) * scale`; None where what is
    stored is the value itself.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: DType
    scale: float | None = None
    zero_point: int = 0


@dataclass(frozen=True, kw_only=True)
class TfliteOp:
    """An op of the main graph, in order of execution; `output` is the tensor it makes."""

    type: str
    output: str
    custom: bool = False


@dataclass(frozen=True, kw_only=True)
class Tflite:
    """What a file says of its main graph."""

    inputs: tuple[TfliteTensor, ...]
    outputs: tuple[TfliteTensor, ...]
    ops: tuple[TfliteOp, ...]


def load(path: Path) -> Tflite:
    """Read a file. TfliteError if it is none, is cut short, or keeps weights in another file."""
    data = path.read_bytes()
    try:
        return _model(flatbuffer.root(memoryview(data), b"TFL3"))
    except FlatbufferError as error:
        raise TfliteError(
            f"{path.name} is not a TFLite file, or is damaged: {error.message}",
            hint="obtain it again, and compare its sha256 with its maker's",
        ) from error


def _model(model: Table) -> Tflite:
    if (version := model.number(4, "I")) != _VERSION:
        raise FlatbufferError(f"schema version {version} instead of {_VERSION}")
    if model.tables(22) or model.tables(20):
        raise TfliteError(
            "the TFLite file keeps weights in another file",
            hint="convert it with its weights inside",
        )
    for buffer in model.tables(12):
        buffer.data(4)
    graphs = model.tables(8)
    if not graphs:
        raise FlatbufferError("it has no graph")
    codes = [_op_name(code) for code in model.tables(6)]
    graph = graphs[0]
    tensors = graph.tables(4)

    def at(index: int) -> Table:
        if not 0 <= index < len(tensors):
            raise FlatbufferError(f"tensor {index} of {len(tensors)}")
        return tensors[index]

    return Tflite(
        inputs=tuple(_tensor(at(i)) for i in graph.numbers(6, "i")),
        outputs=tuple(_tensor(at(i)) for i in graph.numbers(8, "i")),
        ops=tuple(
            TfliteOp(
                type=_of(codes, op.number(4, "I"))[0],
                output=next((at(i).text(10) for i in op.numbers(8, "i")), ""),
                custom=_of(codes, op.number(4, "I"))[1],
            )
            for op in graph.tables(10)
        ),
    )


def _op_name(code: Table) -> tuple[str, bool]:
    """Name, and whether it is a custom op. Codes above 127 are in a field of their own."""
    number = max(code.number(4, "b"), code.number(10, "i"))
    custom = code.text(6)
    if custom:
        return custom, True
    return (OPS[number] if 0 <= number < len(OPS) else f"op {number}"), False


def _of(codes: Sequence[tuple[str, bool]], index: int) -> tuple[str, bool]:
    if index >= len(codes):
        raise FlatbufferError(f"op code {index} of {len(codes)}")
    return codes[index]


def _tensor(tensor: Table) -> TfliteTensor:
    name = tensor.text(10)
    dtype = _DTYPES.get(tensor.number(6, "b"))
    if dtype is None:
        raise TfliteError(f"`{name}` of the TFLite file is of a type that no target takes")
    sizes = tensor.numbers(4, "i")
    if len(sizes) > _MOST_DIMENSIONS:
        raise TfliteError(f"`{name}` of the TFLite file has {len(sizes):,} dimensions")
    signature = tensor.numbers(18, "i")
    if len(signature) != len(sizes):  # it is left out where nothing is open
        signature = sizes
    if min(sizes, default=1) < 0 or math.prod(sizes) > _LARGEST_TENSOR:
        raise TfliteError(f"`{name}` of the TFLite file has shape {list(sizes)}")
    scale, zero_point = _quantization(name, tensor.table(12))
    return TfliteTensor(
        name=name,
        shape=tuple(None if s < 0 else n for n, s in zip(sizes, signature, strict=True)),
        dtype=dtype,
        scale=scale,
        zero_point=zero_point,
    )


def _quantization(name: str, table: Table | None) -> tuple[float | None, int]:
    scales = table.numbers(8, "f") if table else ()
    if table is None or not scales:
        return None, 0
    if len(scales) != 1:
        raise TfliteError(f"`{name}` of the TFLite file has a scale for each channel")
    if not (math.isfinite(scales[0]) and scales[0] > 0):
        raise TfliteError(f"`{name}` of the TFLite file has scale {scales[0]}")
    zero_points = table.numbers(10, "q")
    return float(scales[0]), zero_points[0] if zero_points else 0
