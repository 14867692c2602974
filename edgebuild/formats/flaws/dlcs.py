"""What is wrong with a DLC: the reader's own doubts, and programs among its members."""

from __future__ import annotations

from collections.abc import Iterator

from edgebuild.formats import dlc
from edgebuild.formats.dlc_container import members
from edgebuild.formats.flaws import programs
from edgebuild.formats.flaws.flaw import Flaw

# Weights may begin with any bytes.
_WEIGHTS = ("model.params.bin",)


def flaws(data: bytes) -> Iterator[Flaw]:
    """DlcError, FlatbufferError where the file is no sound DLC."""
    for name, member in members(data).items():
        content = memoryview(data)[member.offset : member.offset + member.size]
        what = programs.found(content) if name not in _WEIGHTS and len(content) else ""
        if what:
            yield Flaw(kind="program", text=f"member `{name}` is {what}")
    dlc.read(data)
