"""Protobuf messages field by field, without a schema library: what a reader of formats asks for.

Wire format: https://protobuf.dev/programming-guides/encoding. Nothing is copied until a field is
taken, every length is checked against its enclosing message, and nesting is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgebuild.errors import EdgebuildError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_SIZES = {FIXED64: 8, FIXED32: 4}


class ProtobufError(EdgebuildError):
    """Bytes that are no protobuf message, with what is wrong and where."""


Value = int | memoryview


def fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """Each field's number and value in order: an int (varint) or the bytes (all other types).

    ProtobufError at the first fault; offsets in it count from the start of `message`.
    """
    at = 0
    while at < len(message):
        start = at
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise _fault(start, "a field numbered 0")
        if wire == VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == BYTES:
            size, at = _varint(message, at)
        elif wire in _SIZES:
            size = _SIZES[wire]
        else:
            raise _fault(start, f"field {number} has the unknown wire type {wire}")
        if size > len(message) - at:
            raise _fault(start, f"field {number} has {size} bytes, {len(message) - at} are left")
        yield number, message[at : at + size]
        at += size


def message(number: int, value: Value) -> memoryview:
    """The bytes of a field that must hold text, bytes or a message."""
    if isinstance(value, int):
        raise ProtobufError(f"field {number} is a number where a message or text belongs")
    return value


def text(number: int, value: Value) -> str:
    try:
        return bytes(message(number, value)).decode()
    except UnicodeDecodeError:
        raise ProtobufError(f"field {number} is not UTF-8") from None


def integer(number: int, value: Value) -> int:
    """A varint as the signed 64-bit integer it stands for."""
    if not isinstance(value, int):
        raise ProtobufError(f"field {number} holds bytes where a number belongs")
    return value - (1 << 64) if value >> 63 else value


def integers(number: int, value: Value) -> list[int]:
    """A field of a repeated integer: one value, or several in packed form."""
    if isinstance(value, int):
        return [integer(number, value)]
    found, at = [], 0
    while at < len(value):
        item, at = _varint(value, at)
        found.append(integer(number, item))
    return found


def field(number: int, value: int | str | bytes) -> bytes:
    """A field as written: an int from 0 as a varint, all else as bytes with their length."""
    if isinstance(value, int):
        return _written(number << 3 | VARINT) + _written(value)
    data = value.encode() if isinstance(value, str) else value
    return _written(number << 3 | BYTES) + _written(len(data)) + data


def _written(value: int) -> bytes:
    assert value >= 0, "negative numbers have another form"
    data = b""
    while value > 127:
        data += bytes([value & 127 | 128])
        value >>= 7
    return data + bytes([value])


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise _fault(at, "a number runs out of the message")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            if value >> 64:
                break
            return value, at
    raise _fault(at, "a number of more than 64 bits")


def _fault(at: int, what: str) -> ProtobufError:
    return ProtobufError(what, fields={"at": f"byte {at:#x} of its message"})
