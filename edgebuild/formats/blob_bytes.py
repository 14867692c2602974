"""Words taken out of a blob, each within the bounds of what it belongs to."""

from __future__ import annotations

import struct

from edgebuild.errors import EdgebuildError


class BlobError(EdgebuildError):
    """Bytes that are no Myriad X blob of format 6, with what is wrong and where."""


def words(data: bytes, form: str, at: int, end: int, what: str) -> tuple[int, ...]:
    """The numbers of a `struct` form at byte `at`; BlobError if `what` runs past byte `end`."""
    if at + struct.calcsize(form) > min(end, len(data)):
        raise fault(at, f"{what} runs out of its section")
    return struct.unpack_from(form, data, at)


def fault(at: int, message: str) -> BlobError:
    return BlobError(message, fields={"at": f"byte {at:#x}"})
