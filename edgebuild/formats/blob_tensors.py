"""Inputs and outputs of a Myriad X blob: name, element type, shape and place in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgebuild.formats.blob_bytes import fault, words

Precision = Literal["FP16", "U8", "S32", "FP32", "I8"]


@dataclass(frozen=True, kw_only=True)
class BlobTensor:
    """One input or output.

    `shape` is in the order a network is written in (N, C, D, H, W, those that exist; beyond rank
    5 the axes from first to last), whatever the order in memory. `order` names the axes as they
    lie in memory, outermost first (`NCHW`); `strides` are bytes from one element to the next
    along each axis of `shape`. `offset` is where the tensor starts in the input or output buffer.
    """

    name: str
    precision: Precision
    shape: tuple[int, ...]
    order: str
    strides: tuple[int, ...]
    offset: int

    @property
    def size_bytes(self) -> int:
        """Bytes from the first element to the end of the last."""
        last = sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        return last + _SIZES[self.precision]

    @property
    def dense(self) -> bool:
        """Whether the elements lie in the order of `shape`, without gaps."""
        expected = _SIZES[self.precision]
        for size, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if size != 1 and stride != expected:
                return False
            expected *= size
        return True


def read_tensors(
    data: bytes, side: str, *, at: int, end: int, constants_at: int, count: int, buffer_bytes: int
) -> tuple[BlobTensor, ...]:
    """The `count` inputs or outputs that bytes `at` to `end` describe.

    `constants_at` is where their dims and strides are found. BlobError if they do not fit their
    section, their buffer, or each other.
    """
    tensors: list[BlobTensor] = []
    names: set[str] = set()
    for index in range(count):
        number, offset, name_bytes = words(data, "<IiI", at, end, f"{side} {index}")
        if number != index:
            raise fault(at, f"{side} {index} is numbered {number}")
        name = _name(data, at + 12, name_bytes, end, f"{side} {index}")
        if name in names:
            raise fault(at + 12, f"two {side}s are named `{name}`")
        names.add(name)
        tensor = _tensor(data, at + 12 + name_bytes, end, constants_at, side, name, offset)
        if offset < 0 or offset + tensor.size_bytes > buffer_bytes:
            raise fault(
                at + 4,
                f"{side} `{name}` takes {tensor.size_bytes} bytes from {offset} on, of"
                f" {buffer_bytes} there are",
            )
        tensors.append(tensor)
        at += 12 + name_bytes + 28
    return tuple(tensors)


_CODES: tuple[Precision, ...] = ("FP16", "U8", "S32", "FP32", "I8")  # `vpu::DataType`
_SIZES = {"FP16": 2, "U8": 1, "S32": 4, "FP32": 4, "I8": 1}
_IN_BLOB = 3  # `vpu::Location::Blob`: dims or strides stand in the constant section
_AXES = "WHCND"  # digit 1..5 of an order code; digits 6..8 are further, outer axes
_MAX_RANK = 8


def _name(data: bytes, at: int, size: int, end: int, what: str) -> str:
    if size > end - at:
        raise fault(at, f"the name of {what} has {size} bytes and runs out of its section")
    try:
        name = data[at : at + size].split(b"\0", 1)[0].decode()
    except UnicodeDecodeError:
        raise fault(at, f"the name of {what} is not UTF-8") from None
    if not name:
        raise fault(at, f"{what} has no name")
    return name


def _tensor(
    data: bytes, at: int, end: int, constants_at: int, side: str, name: str, offset: int
) -> BlobTensor:
    what = f"{side} `{name}`"
    code, order, rank, dims_in, dims_at, strides_in, strides_at = words(data, "<7I", at, end, what)
    if code >= len(_CODES):
        raise fault(at, f"{what} has the unknown element type {code}")
    axes = _axes(order, at + 4, what)
    if rank != len(axes):
        raise fault(at + 8, f"{what} has {rank} dimensions in an order of {len(axes)}")
    if dims_in != _IN_BLOB or strides_in != _IN_BLOB:
        raise fault(at + 12, f"{what} has a shape that is not fixed in the blob")
    # Both are written from the innermost axis to the outermost, as in memory.
    form = f"<{rank}I"
    dims = words(data, form, constants_at + dims_at, len(data), f"dimensions of {what}")
    strides = words(data, form, constants_at + strides_at, len(data), f"strides of {what}")
    precision = _CODES[code]
    if min(dims) < 1 or min(strides) < _SIZES[precision]:
        raise fault(constants_at + dims_at, f"{what} has dimensions {dims}, strides {strides}")
    logical = sorted(range(rank), key=lambda i: _position(axes[i], rank))
    return BlobTensor(
        name=name,
        precision=precision,
        shape=tuple(dims[i] for i in logical),
        order="".join(_letter(axis, rank) for axis in reversed(axes)),
        strides=tuple(strides[i] for i in logical),
        offset=offset,
    )


def _axes(order: int, at: int, what: str) -> list[int]:
    """Digits of an order code from the lowest: axes of the tensor, innermost in memory first.

    `0x4321` = 1 (W) varies fastest, then 2 (H), 3 (C), 4 (N): NCHW.
    """
    digits = [order >> shift & 15 for shift in range(0, 4 * _MAX_RANK, 4)]
    rank = next((i for i, digit in enumerate(digits) if digit == 0), _MAX_RANK)
    axes = digits[:rank]
    if not axes or any(digits[rank:]) or len(set(axes)) != rank or max(axes) > _MAX_RANK:
        raise fault(at, f"{what} has the impossible order {order:#x}")
    return axes


def _position(axis: int, rank: int) -> int:
    """Where an axis stands in a shape: N, C, D, H, W up to rank 5, else highest digit first."""
    return "NCDHW".index(_AXES[axis - 1]) if rank <= 5 and axis <= 5 else -axis


def _letter(axis: int, rank: int) -> str:
    return _AXES[axis - 1] if rank <= 5 and axis <= 5 else str(axis)
