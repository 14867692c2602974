"""The container of a .dlc file: its members, with every byte of the file accounted for."""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from edgebuild.errors import EdgebuildError

# A DLC is a ZIP archive (APPNOTE.TXT 6.3) of stored members, often with ZIP64 fields and CRC 0.
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")
_SATURATED = 0xFFFFFFFF
_UTF8 = 0x800
_MOST_MEMBERS = 1000


class DlcError(EdgebuildError):
    """A file that is no DLC this project reads."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file of the container: `size` bytes at `offset`; `crc` 0 = not given."""

    name: str
    offset: int
    size: int
    crc: int


def members(data: bytes) -> dict[str, Member]:
    """The members by name, in the order of the directory. DlcError for anything doubtful:

    compressed, encrypted, repeated, linked or overlapping members, names that leave the folder,
    bytes before, between or after the members, checksums that are given and wrong.
    """
    start, end, count = _directory(data)
    found: dict[str, Member] = {}
    spans = []
    for first, member in _entries(data, start, end, count):
        if member.name in found:
            raise DlcError(f"the container has two members `{member.name}`")
        found[member.name] = member
        spans.append((first, member.offset + member.size))
        content = memoryview(data)[member.offset : member.offset + member.size]
        if member.crc and zlib.crc32(content) != member.crc:
            raise DlcError(f"member `{member.name}` does not match its checksum")
    place = 0
    for first, last in sorted(spans):
        if first != place:
            what = "overlap" if first < place else "have bytes between them"
            raise DlcError(f"the container's members {what}, at byte {min(first, place)}")
        place = last
    if place != start:
        raise DlcError(f"the container has bytes that belong to no member, at byte {place}")
    return found


def _directory(data: bytes) -> tuple[int, int, int]:
    """Start, end and number of entries of the central directory."""
    end = len(data) - _END.size
    if end < 0 or data[end : end + 4] != b"PK\x05\x06":
        raise DlcError(
            "the file is no DLC, is cut short or goes on after its end",
            hint="obtain it again and compare its size and sha256",
        )
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(data, end)
    if disk or first_disk or here != count or comment:
        raise DlcError("the container's end record is not that of a DLC")
    locator = end - _LOCATOR64.size
    if locator >= 0 and data[locator : locator + 4] == b"PK\x06\x07":
        _, disk, place, disks = _LOCATOR64.unpack_from(data, locator)
        if disk or disks != 1 or place < 0 or place != locator - _END64.size:
            raise DlcError("the container's ZIP64 records are not where they belong")
        magic, length, _, _, disk, first_disk, here, count, size, start = _END64.unpack_from(
            data, place
        )
        if magic != b"PK\x06\x06" or length != _END64.size - 12 or disk or first_disk:
            raise DlcError("the container's ZIP64 end record is not that of a DLC")
        if here != count:
            raise DlcError("the container is a part of several")
        end = place
    if start + size != end or count > _MOST_MEMBERS:
        raise DlcError("the container's directory is not where its end record says")
    return start, end, count


def _entries(data: bytes, start: int, end: int, count: int) -> Iterator[tuple[int, Member]]:
    """Each member, with the place of its local header."""
    place = start
    for _ in range(count):
        if place + _ENTRY.size > end:
            raise DlcError("the container's directory is cut short")
        fields = _ENTRY.unpack_from(data, place)
        magic, _, _, flags, method, _, _, crc, packed, size = fields[:10]
        lengths, mode, offset = fields[10:13], fields[15] >> 16, fields[16]
        after = place + _ENTRY.size + sum(lengths)
        if magic != b"PK\x01\x02" or after > end:
            raise DlcError("the container's directory is damaged")
        name = _name(data[place + _ENTRY.size :][: lengths[0]])
        extra = data[place + _ENTRY.size + lengths[0] :][: lengths[1]]
        size, packed, offset = _wide(extra, size, packed, offset)
        if stat.S_ISLNK(mode):
            raise DlcError(f"member `{name}` is a link")
        if method or packed != size:
            raise DlcError(f"member `{name}` is compressed; those of a DLC are stored")
        if flags & ~_UTF8:
            raise DlcError(f"member `{name}` is encrypted or stored in an unknown way")
        content = _content(data, offset, name, (method, flags, crc, size))
        if content + size > start:
            raise DlcError(f"member `{name}` is cut short")
        yield offset, Member(name=name, offset=content, size=size, crc=crc)
        place = after
    if place != end:
        raise DlcError("the container's directory has bytes that belong to no member")


def _content(data: bytes, place: int, name: str, expected: tuple[int, int, int, int]) -> int:
    """Where a member's content begins, after its local header, which has to say the same."""
    if place + _LOCAL.size > len(data):
        raise DlcError(f"member `{name}` points outside the file")
    magic, _, flags, method, _, _, crc, packed, size, named, extra = _LOCAL.unpack_from(data, place)
    begin = place + _LOCAL.size
    size, packed, _ = _wide(data[begin + named :][:extra], size, packed, 0)
    same = (method, flags, crc, size) == expected and packed == size
    if magic != b"PK\x03\x04" or not same or _name(data[begin : begin + named]) != name:
        raise DlcError(f"member `{name}` is described in two ways that differ")
    return int(begin + named + extra)


def _name(raw: bytes) -> str:
    try:
        name = raw.decode()
    except UnicodeDecodeError as error:
        raise DlcError(f"a member's name is not UTF-8: {raw!r}") from error
    if name in ("", ".", "..") or any(c in '/\\:"' or not c.isprintable() for c in name):
        raise DlcError(f"a member's name is not a plain file name: {name!r}")
    return name


def _wide(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """The 64-bit values of the ZIP64 extra field where the 32-bit ones are saturated."""
    values: list[int] = []
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        if kind == 1:
            usable = extra[place + 4 :][: length - length % 8]
            values = list(struct.unpack(f"<{len(usable) // 8}Q", usable[: len(usable) // 8 * 8]))
        place += 4 + length
    wanted = [v == _SATURATED for v in (size, packed, offset)]
    if sum(wanted) > len(values):
        raise DlcError("a member lacks its 64-bit sizes")
    given = iter(values)
    out = [
        next(given) if wide else v for v, wide in zip((size, packed, offset), wanted, strict=True)
    ]
    return out[0], out[1], out[2]
