"""The metadata of a DLC: which tools made it, and its time stamps set to one fixed time."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from edgebuild.formats.dlc_container import DlcError, Member, members

# As written by the IR backend of QNN; the replacement has the same length.
_STAMP = "1980-01-01 00:00:00 UTC"
_STAMPED = re.compile(rb'("timestamp": ")\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC(?=")')


def normalise(data: bytes) -> bytes:
    """The same DLC with every time stamp in its metadata set to one fixed time.

    Same length, no other byte changes. DlcError if a stamp has another form, or the container
    carries checksums that the change would break.
    """
    out = bytearray(data)
    for member in _metadata(members(data).values()):
        text = _STAMPED.sub(rb"\g<1>" + _STAMP.encode(), _bytes(data, member))
        document = _parse(text, member)
        if len(text) != member.size or any(s != _STAMP for s in _found(document, "timestamp")):
            raise DlcError(f"member `{member.name}` has a time stamp of an unknown form")
        if member.crc and text != _bytes(data, member):
            raise DlcError(f"member `{member.name}` has a checksum: its time stamps cannot change")
        out[member.offset : member.offset + member.size] = text
    return bytes(out)


def converters(data: bytes, parts: Iterable[Member]) -> tuple[str, ...]:
    """Versions of the tools that made it, oldest first, each once; empty if it does not say."""
    found: dict[str, None] = {}
    for member in _metadata(parts):
        try:
            document = _parse(_bytes(data, member), member)
        except DlcError:  # older tools wrote plain text, which says nothing here
            continue
        for version in _found(document, "converterVersion"):
            if isinstance(version, str):
                found[version] = None
    return tuple(found)


def _metadata(parts: Iterable[Member]) -> Iterator[Member]:
    return (member for member in parts if member.name.startswith("dlc.metadata"))


def _parse(text: bytes, member: Member) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DlcError(f"member `{member.name}` is not JSON") from error


def _found(document: Any, key: str) -> Iterator[Any]:
    """Every value under this key, however deep."""
    rest = deque([document])
    while rest:
        value = rest.popleft()
        if isinstance(value, dict):
            if key in value:
                yield value[key]
            rest += value.values()
        elif isinstance(value, list):
            rest += value


def _bytes(data: bytes, member: Member) -> bytes:
    return data[member.offset : member.offset + member.size]
