"""Who may run now: any number of steps at once, or one that measures the machine, alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from edgebuild.store.files import locked


@contextlib.contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Wait for a turn on the locks in `folder`, which all builds on one store share.

    A turnstile goes before the room, so that one who wants to be alone is not kept waiting by newcomers.
    """
    with contextlib.ExitStack() as held:
        with locked(folder / "turnstile.lock"):
            held.enter_context(locked(folder / "room.lock", shared=not alone))
        yield
