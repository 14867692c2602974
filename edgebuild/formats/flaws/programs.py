"""Whether bytes begin as something that can be executed: a pickle, a library, a script."""

from __future__ import annotations

import pickletools
import re

_HEADS = (
    (b"\x7fELF", "a program or library of Linux"),
    (b"#!/", "a script"),
    (b"\xfe\xed\xfa", "a program or library of macOS"),
    (b"\xcf\xfa\xed\xfe", "a program or library of macOS"),
    (b"dex\n0", "a program of Android"),
)
# Pickle protocols 2 to 5 say so; 0 and 1 begin, if they can do harm, by naming a function. So do, it seems,
# lists of words: `cat`, `dog`; but they do not gather arguments and call it.
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_GATHERS = frozenset({"MARK", "EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"})
_CALLS = frozenset({"REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"})
_OLD_PICKLE = re.compile(rb"[(\]}]{0,4}c[A-Za-z_][\w.]{0,100}\n[A-Za-z_][\w.]{0,100}\n", re.ASCII)


def found(data: bytes | memoryview) -> str:
    """What it is; empty = nothing that is known to run. `data` is the whole, its end counts."""
    head = bytes(data[:1024])
    for magic, what in _HEADS:
        if head.startswith(magic):
            return what
    if head[:2] == b"MZ" and b"PE\0\0" in head:
        return "a program or library of Windows"
    old = _OLD_PICKLE.match(head)
    if (_PICKLE.match(head) and data[-1] == ord(".")) or (
        old and (head[:1] != b"c" or _calls(bytes(data[: 1 << 16])))
    ):
        return "a pickle, which can run code when it is read"
    return ""


def _calls(data: bytes) -> bool:
    """Whether a pickle, as far as it is one, calls something."""
    gathered = False
    try:
        for code, _, _ in pickletools.genops(data):
            if gathered and code.name in _CALLS:
                return True
            gathered = gathered or code.name in _GATHERS
    except ValueError:
        pass
    return False
