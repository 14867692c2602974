"""Who may run now: any number of steps at once, or one that measures the machine, alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Wait for a turn on the locks in `folder`, which all builds on one store share.

    A turnstile goes before the room, so that one who wants to be alone is not kept waiting by
    newcomers. The kernel gives both locks back when a process dies.
    """
    with _opened(folder / "turnstile.lock") as turnstile, _opened(folder / "room.lock") as room:
        fcntl.flock(turnstile, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(turnstile, fcntl.LOCK_UN)
        yield


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield file
    finally:
        os.close(file)
