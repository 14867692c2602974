"""What is wrong with a TFLite file: what its reader refuses, ops that need a library, bytes behind its end."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from edgebuild.formats import flatbuffer, tflite
from edgebuild.formats.flatbuffer import FlatbufferError, Table
from edgebuild.formats.flaws import archives
from edgebuild.formats.flaws.flaw import Flaw, short

# Custom ops that TFLite itself brings (tensorflow/lite/kernels/custom_ops_register.h).
_OWN = frozenset({"TFLite_Detection_PostProcess", "AudioSpectrogram", "Mfcc", "NumericVerify"})
# Kinds of `BuiltinOptions` that have a list of numbers: those of Reshape and Squeeze.
_WITH_LIST = (17, 30)
_ALIGNED = 16


def flaws(path: Path) -> Iterator[Flaw]:
    """TfliteError where it is no sound file, or keeps weights in another."""
    found = tflite.load(path)
    for name in dict.fromkeys(op.type for op in found.ops if op.custom):
        if name not in _OWN:
            text = f"op `{short(name)}` is not TFLite's: a library has to bring it"
            yield Flaw(kind="outside", text=text)
    yield from _behind(path.read_bytes(), path.name)


def _behind(data: bytes, name: str) -> Iterator[Flaw]:
    """Bytes that no part of the model reaches: a FlatBuffer does not say how long it is."""
    try:
        model = flatbuffer.root(memoryview(data), b"TFL3")
        _take(model)
    except FlatbufferError as error:
        yield Flaw(kind="damaged", text=f"{name} is damaged: {error.message}")
        return
    rest = data[model.end :]
    padded = len(data) % 4 == 0 and len(rest) < _ALIGNED and not any(rest)
    if rest[:4] == b"PK\3\4":  # labels and the like, as TFLite's metadata puts them there
        yield from archives.flaws(data, model.end)
    elif not padded and not _is_table(data, model.end):
        yield Flaw(kind="hidden", text=f"{len(rest):,} bytes behind the end of {name}")


def _is_table(data: bytes, at: int) -> bool:
    """Whether what is left is one table that nobody points to: old converters wrote codes of ops twice."""
    if not 8 <= len(data) - at <= _ALIGNED:
        return False
    vtable = at - struct.unpack_from("<i", data, at)[0]
    if not 8 <= vtable <= at - 4:
        return False
    slots, size = struct.unpack_from("<2H", data, vtable)
    return bool(4 <= slots <= at - vtable and size == len(data) - at)


def _take(model: Table) -> None:
    """Everything that the schema of TFLite knows, but for lists in options of rare ops."""
    model.text(10)
    model.numbers(14, "i")
    for code in model.tables(6):
        code.text(6)
    for buffer in model.tables(12):
        buffer.data(4)
    for entry in model.tables(16):
        entry.text(4)
    for signature in model.tables(18):
        signature.text(8)
        for tensor in (*signature.tables(4), *signature.tables(6)):
            tensor.text(4)
    for graph in model.tables(8):
        graph.text(12)
        for slot in (6, 8):
            graph.numbers(slot, "i")
        for tensor in graph.tables(4):
            _take_tensor(tensor)
        for op in graph.tables(10):
            _take_op(op)


def _take_tensor(tensor: Table) -> None:
    tensor.text(10)
    for slot in (4, 18):
        tensor.numbers(slot, "i")
    if quantization := tensor.table(12):
        for slot, code in ((4, "f"), (6, "f"), (8, "f"), (10, "q")):
            quantization.numbers(slot, code)
    if sparsity := tensor.table(16):
        for slot in (4, 6):
            sparsity.numbers(slot, "i")
        for dimension in sparsity.tables(8):
            for kind, vector in ((6, 8), (10, 12)):
                if values := dimension.table(vector):
                    values.numbers(
                        4, {1: "i", 2: "H", 3: "B"}.get(dimension.number(kind, "B"), "B")
                    )
    for variant in tensor.tables(22):
        variant.numbers(4, "i")


def _take_op(op: Table) -> None:
    for slot in (6, 8, 20):
        op.numbers(slot, "i")
    for slot in (14, 18):
        op.data(slot)
    options = op.table(12)
    if options and op.number(10, "B") in _WITH_LIST:
        options.numbers(4, "i")
    op.table(26)
