"""A reader of FlatBuffers that trusts no offset: tables, vectors and text of untrusted bytes."""

from __future__ import annotations

import struct

from edgebuild.errors import EdgebuildError

# Builders share equal tables and strings, so a little more than the buffer's own size may be
# visited; a crafted buffer that points to one big vector from everywhere is stopped by this.
_VISITS_PER_BYTE = 4


class FlatbufferError(EdgebuildError):
    """Bytes that are no FlatBuffer, or point outside themselves."""


class Table:
    """A table of a buffer. `slot` is a field's place in the vtable, in bytes: 4, 6, 8, ...

    Every method raises FlatbufferError where the bytes do not hold what is asked for.
    """

    def __init__(self, buffer: _Buffer, position: int) -> None:
        self._buffer = buffer
        self._position = position
        self._vtable = position - buffer.number("i", position)
        self._slots = buffer.number("H", self._vtable)
        buffer.visit(4)
        buffer.reach(self._vtable + self._slots)
        buffer.reach(position + buffer.number("H", self._vtable + 2))

    @property
    def end(self) -> int:
        """Behind the last byte that anything taken of this buffer so far lies in."""
        return self._buffer.end

    def number(self, slot: int, code: str, default: float = 0) -> int:
        """An integer field; `code` as in `struct`."""
        return int(self._scalar(slot, code, default))

    def real(self, slot: int, default: float = 0.0) -> float:
        """A float32 field."""
        return float(self._scalar(slot, "f", default))

    def table(self, slot: int) -> Table | None:
        """A field that is a table; None if it is absent."""
        place = self._pointer(slot)
        return None if place is None else Table(self._buffer, place)

    def tables(self, slot: int) -> list[Table]:
        """A field that is a vector of tables; empty if it is absent."""
        return [Table(self._buffer, place) for place in self._pointers(slot)]

    def text(self, slot: int) -> str:
        """A field that is a string; empty if it is absent."""
        place = self._pointer(slot)
        return "" if place is None else self._buffer.text(place)

    def texts(self, slot: int) -> tuple[str, ...]:
        """A field that is a vector of strings; empty if it is absent."""
        return tuple(self._buffer.text(place) for place in self._pointers(slot))

    def numbers(self, slot: int, code: str) -> tuple[int, ...]:
        """A field that is a vector of integers; empty if it is absent."""
        place = self._pointer(slot)
        if place is None:
            return ()
        count = self._buffer.number("I", place)
        data = self._buffer.slice(place + 4, count * struct.calcsize(f"<{code}"))
        return struct.unpack(f"<{count}{code}", data)

    def data(self, slot: int) -> memoryview:
        """A field that is a vector of bytes; empty if it is absent."""
        place = self._pointer(slot)
        if place is None:
            return memoryview(b"")
        return self._buffer.slice(place + 4, self._buffer.number("I", place))

    def has(self, slot: int) -> bool:
        """Whether the field is there."""
        return self._field(slot) is not None

    def _field(self, slot: int) -> int | None:
        if slot + 2 > self._slots:
            return None
        offset = self._buffer.number("H", self._vtable + slot)
        return self._position + offset if offset else None

    def _scalar(self, slot: int, code: str, default: float) -> float:
        place = self._field(slot)
        return default if place is None else self._buffer.number(code, place)

    def _pointer(self, slot: int) -> int | None:
        place = self._field(slot)
        return None if place is None else place + self._buffer.number("I", place)

    def _pointers(self, slot: int) -> list[int]:
        place = self._pointer(slot)
        if place is None:
            return []
        count = self._buffer.number("I", place)
        offsets = struct.unpack(f"<{count}I", self._buffer.slice(place + 4, 4 * count))
        return [place + 4 + 4 * i + offset for i, offset in enumerate(offsets)]


def root(data: memoryview, identifier: bytes) -> Table:
    """The root table of a buffer with this four-letter identifier."""
    buffer = _Buffer(data)
    if bytes(buffer.slice(4, 4)) != identifier:
        raise FlatbufferError(f"not a FlatBuffer of kind {identifier.decode()}")
    return Table(buffer, buffer.number("I", 0))


class _Buffer:
    """The bytes, and how much of them may still be visited."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._visits = _VISITS_PER_BYTE * len(data) + 1024
        self.end = 8

    def reach(self, end: int) -> None:
        if end > len(self._data):
            raise FlatbufferError(f"a table ends outside the data, at byte {end}")
        self.end = max(self.end, end)

    def visit(self, count: int) -> None:
        self._visits -= count
        if self._visits < 0:
            raise FlatbufferError("the same parts are pointed to far more often than is plausible")

    def number(self, code: str, place: int) -> int:
        size = struct.calcsize(f"<{code}")
        if place < 0 or place + size > len(self._data):
            raise FlatbufferError(f"an offset points outside the data, to byte {place}")
        value: int = struct.unpack_from(f"<{code}", self._data, place)[0]
        return value

    def slice(self, place: int, size: int) -> memoryview:
        if place < 0 or place + size > len(self._data):
            raise FlatbufferError(f"a vector of {size} bytes at byte {place} does not fit")
        self.visit(size)
        self.reach(place + size)
        return self._data[place : place + size]

    def text(self, place: int) -> str:
        data = self.slice(place + 4, self.number("I", place))
        try:
            return bytes(data).decode()
        except UnicodeDecodeError as error:
            raise FlatbufferError(f"the text at byte {place} is not UTF-8") from error
