"""When a tool environment was used last, and the removal of outdated ones that nobody has used for long.

An environment is outdated if it is none that this edgebuild would install on this Python: it was made of
another lock, or by another Python. Another checkout may still use it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgebuild.toolchains.environments import ENVIRONMENTS
from edgebuild.toolchains.tools import MARKER, forget, lock_of, place_of

DAYS = 30
_DAY_S = 86_400
_NAME = re.compile(r"[a-z][a-z0-9_]*-[0-9a-f]{16}\Z")


@dataclass(frozen=True, kw_only=True)
class Outdated:
    """An outdated environment. `days` since it was used last, in full; `removed` says whether it went."""

    name: str
    days: int
    size_bytes: int
    removed: bool


def note_use(place: Path) -> None:
    """Remember that an environment was used now. Where that cannot be written, it cannot be removed either."""
    with contextlib.suppress(OSError):
        os.utime(lock_of(place))


def remove(folder: Path, *, now_s: float) -> list[Outdated]:
    """Remove outdated environments below `folder` that were not used for DAYS days, and give all outdated
    ones. Call it while no build runs that uses them; one that is being made stays."""
    current = [place_of(e, folder) for e in ENVIRONMENTS.values() if e.form != "interpreter"]
    return [_outdated(place, now_s) for place in _places(folder, current)]


def _places(folder: Path, current: Collection[Path]) -> list[Path]:
    try:
        found = sorted(folder.iterdir())
    except OSError:  # nothing was ever installed
        return []
    return [
        path
        for path in found
        if _NAME.match(path.name)
        and path not in current
        and path.is_dir()
        and not path.is_symlink()
    ]


def _outdated(place: Path, now_s: float) -> Outdated:
    days = int(max(0.0, now_s - _last_use_s(place)) / _DAY_S)
    size = sum(size for size in _sizes(place))
    removed = False
    if days >= DAYS:
        with contextlib.suppress(BlockingIOError), _alone(place):
            forget(place)
            removed = not place.exists()
    return Outdated(name=place.name, days=days, size_bytes=size, removed=removed)


def _last_use_s(place: Path) -> float:
    """Versions of edgebuild that noted no use read the marker, of which the system notes the day, as a rule."""
    times = [0.0]
    with contextlib.suppress(OSError):
        times.append(lock_of(place).stat().st_mtime)
    with contextlib.suppress(OSError):
        status = (place / MARKER).stat()
        times += [status.st_mtime, status.st_atime]
    if len(times) == 1:  # neither: somebody's folder, or one that was half removed
        times.append(place.stat().st_mtime)
    return max(times)


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """The lock that is held while an environment is made; BlockingIOError if it is being made."""
    held = os.open(lock_of(place), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(held)


def _sizes(place: Path) -> Iterator[int]:
    for folder, _, names in os.walk(place):
        for name in names:
            with contextlib.suppress(OSError):
                yield os.lstat(f"{folder}/{name}").st_size
