"""A Myriad X blob (format 6): its inputs, outputs and stages, read from its bytes.

Layout of the file, all integers little-endian 32 bit (struct definitions of the compiler's
`vpu/backend/blob_format.hpp`, Apache-2.0, and of the readers of Intel and Luxonis):

    0     52 bytes that look like an ELF header, magic "\\x7felf"
    52    20 words: magic 9709, file size, version, counts, sizes, offsets of the four sections
    ...   inputs, outputs: index, buffer offset, name, type, order, and where dims and strides are
    ...   stages: length, type, SHAVEs, parameters, type again, border 0x7f83ff19
    ...   constants: weights, and the dims and strides of inputs and outputs

Files come from anywhere, so every count and offset is checked before it is followed: `read`
returns a Blob or raises BlobError, and needs no memory beyond what the file's own size bounds.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from edgebuild.formats.blob_bytes import BlobError, fault, words
from edgebuild.formats.blob_stages import BORDER, Engine, engine_of, stage_name
from edgebuild.formats.blob_tensors import BlobTensor, read_tensors

__all__ = ["Blob", "BlobError", "BlobStage", "BlobTensor", "read"]


@dataclass(frozen=True, kw_only=True)
class BlobStage:
    """One stage, in the order of execution; `shaves` is how many SHAVE cores it may use."""

    index: int
    type: str
    engine: Engine
    shaves: int
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A whole blob. `bss_bytes` is the scratch memory it needs beside its buffers."""

    version: tuple[int, int]
    size_bytes: int
    shaves: int
    slices: int
    batch: int
    inputs: tuple[BlobTensor, ...]
    outputs: tuple[BlobTensor, ...]
    stages: tuple[BlobStage, ...]
    input_bytes: int
    output_bytes: int
    bss_bytes: int
    constant_bytes: int


def read(data: bytes) -> Blob:
    """Parse a blob. BlobError if anything in it contradicts the format or itself."""
    header = _read_header(data)
    blob = Blob(
        version=(header.version_major, header.version_minor),
        size_bytes=len(data),
        shaves=header.shaves,
        slices=header.slices,
        batch=header.batch,
        inputs=read_tensors(
            data,
            "input",
            at=header.inputs_at,
            end=header.outputs_at,
            constants_at=header.constants_at,
            count=header.inputs,
            buffer_bytes=header.input_bytes,
        ),
        outputs=read_tensors(
            data,
            "output",
            at=header.outputs_at,
            end=header.stages_at,
            constants_at=header.constants_at,
            count=header.outputs,
            buffer_bytes=header.output_bytes,
        ),
        stages=_read_stages(data, header),
        input_bytes=header.input_bytes,
        output_bytes=header.output_bytes,
        bss_bytes=header.bss_bytes,
        constant_bytes=len(data) - header.constants_at,
    )
    for engine, flag in (
        ("NCE", header.has_nce),
        ("SHAVE", header.has_shave),
        ("DMA", header.has_dma),
    ):
        if flag != any(stage.engine == engine for stage in blob.stages):
            claims = "claims" if flag else "denies"
            raise BlobError(f"the header {claims} {engine} stages, its stages say otherwise")
    return blob


_MAGIC = b"\x7felf"
_MAGIC_NUMBER = 9709
_HEADER_AT, _HEADER_END = 52, 52 + 80
_MAX_SHAVES = 16  # cores, and as many slices of on-chip memory, of the chip


@dataclass(frozen=True, kw_only=True)
class _Header:
    version_major: int
    version_minor: int
    inputs: int
    outputs: int
    stages: int
    input_bytes: int
    output_bytes: int
    batch: int
    bss_bytes: int
    slices: int
    shaves: int
    has_nce: bool
    has_shave: bool
    has_dma: bool
    inputs_at: int
    outputs_at: int
    stages_at: int
    constants_at: int


def _read_header(data: bytes) -> _Header:
    if len(data) < _HEADER_END:
        raise BlobError(f"{len(data)} bytes are too few for a blob: its header takes {_HEADER_END}")
    if data[:4] != _MAGIC:
        raise BlobError(f"not a blob: it starts with {data[:4]!r} instead of {_MAGIC!r}")
    found = words(data, "<20I", _HEADER_AT, len(data), "the header")
    if found[0] != _MAGIC_NUMBER:
        raise fault(_HEADER_AT, f"magic number {found[0]} instead of {_MAGIC_NUMBER}")
    if found[1] != len(data):
        raise fault(_HEADER_AT + 4, f"it says it has {found[1]} bytes, and has {len(data)}")
    flags = found[13:16]
    if any(flag > 1 for flag in flags):
        raise fault(_HEADER_AT + 52, f"flags {flags} that are neither 0 nor 1")
    header = _Header(
        version_major=found[2],
        version_minor=found[3],
        inputs=found[4],
        outputs=found[5],
        stages=found[6],
        input_bytes=found[7],
        output_bytes=found[8],
        batch=found[9],
        bss_bytes=found[10],
        slices=found[11],
        shaves=found[12],
        has_nce=bool(flags[0]),
        has_shave=bool(flags[1]),
        has_dma=bool(flags[2]),
        inputs_at=found[16],
        outputs_at=found[17],
        stages_at=found[18],
        constants_at=found[19],
    )
    if header.version_major != 6:
        raise fault(
            _HEADER_AT + 8,
            f"format {header.version_major}.{header.version_minor}; this reader knows format 6",
        )
    for what, count in (("shaves", header.shaves), ("slices", header.slices)):
        if count > _MAX_SHAVES:
            raise fault(_HEADER_AT + 44, f"{count} {what}; the chip has {_MAX_SHAVES}")
    ends = [_HEADER_END, *found[16:20], len(data)]
    if any(after < before for before, after in itertools.pairwise(ends)):
        raise fault(
            _HEADER_AT + 64, f"sections at {found[16:20]} are out of order or out of the file"
        )
    return header


def _read_stages(data: bytes, header: _Header) -> tuple[BlobStage, ...]:
    at, end = header.stages_at, header.constants_at
    stages: list[BlobStage] = []
    for index in range(header.stages):
        what = f"stage {index}"
        length, code, shaves = words(data, "<3I", at, end, what)
        if not 20 <= length <= end - at:
            raise fault(at, f"{what} is {length} bytes long, with {end - at} left in its section")
        again, border = words(data, "<2I", at + length - 8, end, what)
        if border != BORDER or again != code:
            raise fault(at + length - 8, f"{what} does not end as a stage of type {code} does")
        name = stage_name(code)
        if name is None:
            raise fault(at + 4, f"{what} has the unknown type {code}")
        if shaves > header.shaves:
            raise fault(at + 8, f"{what} wants {shaves} of {header.shaves} SHAVEs")
        stages.append(
            BlobStage(
                index=index, type=name, engine=engine_of(name), shaves=shaves, size_bytes=length
            )
        )
        at += length
    if end - at >= 64 or any(data[at:end]):
        raise fault(at, f"{end - at} bytes after the last stage that belong to none")
    return tuple(stages)
