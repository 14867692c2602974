"""What is wrong with a ZIP archive, such as torch's .pt files and NumPy's .npz are."""

from __future__ import annotations

import io
import posixpath
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator

from edgebuild.formats.flaws import programs
from edgebuild.formats.flaws.flaw import Flaw, short

_MOST_MEMBERS = 100_000
_LARGEST_BYTES = 2**36
_LARGEST_RATIO = 1000  # deflate reaches about 1030
_READ = 1 << 16
_DESCRIPTOR = 24  # bytes that may follow a member's content
# What zipfile raises for bytes that are no sound archive, beside its own error.
_BROKEN = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError, IndexError,
    struct.error, zlib.error, OverflowError,
)  # fmt: skip


def flaws(data: bytes, begin: int = 0) -> Iterator[Flaw]:
    """Of the container, which begins at byte `begin`, then of each member."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    except _BROKEN as error:
        yield Flaw(kind="damaged", text=f"the archive cannot be read: {short(str(error))}")
        return
    if len(members) > _MOST_MEMBERS:
        yield Flaw(kind="damaged", text=f"the archive has {len(members):,} members")
        return
    yield from _edges(data, archive, members, begin)
    seen: set[str] = set()
    for member in members:
        name = member.filename
        if name in seen:
            yield Flaw(kind="hidden", text=f"the archive has two members `{short(name)}`")
        seen.add(name)
        yield from _member(archive, member)


def _edges(
    data: bytes, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], begin: int
) -> Iterator[Flaw]:
    """Bytes before, between and behind the members, which readers pass over."""
    place = begin
    for member in sorted(members, key=lambda m: m.header_offset):
        start = member.header_offset
        if start > place + _DESCRIPTOR or (start > place == begin):
            text = f"{start - place:,} bytes before member `{short(member.filename)}`"
            yield Flaw(kind="hidden", text=text)
        elif start < place:
            yield Flaw(kind="damaged", text=f"member `{short(member.filename)}` overlaps another")
        lengths = data[start + 26 : start + 30]  # of the name and the extra field
        inside = int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
        place = max(place, start + 30 + inside + member.compress_size)
    end = data.rfind(b"PK\x05\x06")
    rest = len(data) - end - 22
    if archive.comment or rest > 0:
        yield Flaw(kind="hidden", text=f"{max(rest, len(archive.comment)):,} bytes behind its end")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[Flaw]:
    name = short(member.filename)
    parts = member.filename.replace("\\", "/").split("/")
    if ".." in parts or posixpath.isabs(member.filename) or ":" in parts[0]:
        yield Flaw(kind="outside", text=f"member `{name}` would be written outside of its folder")
    if stat.S_ISLNK(member.external_attr >> 16):
        yield Flaw(kind="outside", text=f"member `{name}` is a link")
    size, packed = member.file_size, member.compress_size
    if size > _LARGEST_BYTES or size > _LARGEST_RATIO * max(packed, 1 << 10):
        yield Flaw(kind="damaged", text=f"member `{name}` would grow to {size:,} bytes")
        return
    try:
        with archive.open(member) as file:
            head = file.read(_READ)
            last = head[-1:] if len(head) < _READ else b"."
    except _BROKEN as error:
        yield Flaw(kind="damaged", text=f"member `{name}` cannot be read: {short(str(error))}")
        return
    what = programs.found(head[:-1] + last) if head else ""
    if what:
        yield Flaw(kind="program", text=f"member `{name}` is {what}")
