"""Put a whole folder in place at once: its readers see the old files or the new ones, never a mixture."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgebuild.digest import Digest
from edgebuild.engine.execute import verified
from edgebuild.errors import EdgebuildError
from edgebuild.store import files

SCRATCH = ".tmp"

# linux/fs.h, fcntl.h
_RENAME_EXCHANGE = 2
_AT_FDCWD = -100
_NOT_HERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


class NotAFolder(EdgebuildError):
    """Something that is no plain folder lies where artifacts are to be published."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file to be put in place: what it is to contain and how to write it to a path that is free."""

    digest: Digest
    write: Callable[[Path], None]


@contextlib.contextmanager
def publishing(artifacts: Path, state: Path) -> Iterator[None]:
    """Held while anything below `artifacts` is changed, so that builds at once do it one after the other.
    What a killed build left half made is removed."""
    with files.locked(state / "locks" / "publish"):
        files.remove(artifacts / SCRATCH)
        try:
            yield
        finally:
            files.remove(artifacts / SCRATCH)


def replace(artifacts: Path, folder: str, parts: Mapping[str, Part]) -> None:
    """Make `artifacts/folder` hold the files `parts` (by path within it) and nothing else. NotAFolder if
    the way there leads through a link or a file. Call it within `publishing`.

    The folder is assembled beside and exchanged in one step. Where the file system cannot do that, the
    old one is moved away first: killed in between, nothing is in place until the next build.
    """
    home = artifacts / folder
    check_way(artifacts, home)
    if _holds(home, parts):
        return
    fresh = files.temporary(artifacts / SCRATCH)
    fresh.mkdir(parents=True)
    for name, part in parts.items():
        path = fresh / name
        path.parent.mkdir(exist_ok=True)
        part.write(path)
        _sync_file(path, part.digest)
    for inner in {(fresh / name).parent for name in parts} | {fresh}:
        files.sync_folder(inner)
    home.parent.mkdir(parents=True, exist_ok=True)
    if not home.exists():
        fresh.rename(home)
    elif not _exchange(fresh, home):
        old = files.temporary(artifacts / SCRATCH)
        home.rename(old)
        fresh.rename(home)
        fresh = old
    files.sync_folder(home.parent)
    files.remove(fresh)


def check_way(artifacts: Path, home: Path) -> None:
    """NotAFolder if a link or a file is among the folders from below `artifacts` down to `home`."""
    for path in [*reversed(home.relative_to(artifacts).parents), home.relative_to(artifacts)]:
        place = artifacts / path
        if path.parts and (place.is_symlink() or (place.exists() and not place.is_dir())):
            what = "a symbolic link" if place.is_symlink() else "a file"
            raise NotAFolder(
                f"{shown(place)} is {what}, and artifacts are to be published there",
                hint="move it away, then build again",
            )


def shown(path: Path) -> str:
    """Relative to where the user is, if it is below."""
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def _holds(home: Path, parts: Mapping[str, Part]) -> bool:
    """Whether exactly these files, intact, are in a folder."""
    if not home.is_dir():
        return False
    wanted = {home / name for name in parts}
    found = set(home.rglob("*")) - {path.parent for path in wanted}
    return found == wanted and all(verified(home / n, part.digest) for n, part in parts.items())


def _sync_file(path: Path, digest: Digest) -> None:
    with path.open("rb+") as handle:
        if os.fstat(handle.fileno()).st_size != digest.size_bytes:
            raise OSError(errno.EIO, "short write", str(path))
        os.fchmod(handle.fileno(), 0o644)
        os.fsync(handle.fileno())


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system or the file system cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    if rename(_AT_FDCWD, bytes(one), _AT_FDCWD, bytes(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NOT_HERE:
        return False
    raise OSError(code, os.strerror(code), str(other))
