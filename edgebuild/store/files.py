"""Writing files so that a reader sees the old or the new one, never a torn one."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

_FICLONE = 0x40049409  # linux/fs.h


def temporary(folder: Path) -> Path:
    """A name that nobody else uses, in `folder`: neither another process, be it in another container or on
    another machine, nor one that was killed and had this one's number."""
    return folder / f"{os.getpid()}-{os.urandom(8).hex()}"


def write_atomic(path: Path, data: bytes, *, scratch: Path, mode: int = 0o444) -> None:
    """Temp, length check, fsync, rename, fsync of the folder (restic's sequence)."""
    temp = temporary(scratch)
    try:
        with open(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        rename_durably(temp, path, size=len(data))
    finally:
        with contextlib.suppress(FileNotFoundError):
            temp.unlink()


def rename_durably(temp: Path, path: Path, *, size: int) -> None:
    """Move a finished, fsynced file to its place. OSError(EIO) if its length is not `size`."""
    if temp.stat().st_size != size:
        raise OSError(errno.EIO, "short write", str(temp))
    try:
        temp.rename(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        temp.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def clone(source: Path, target: Path, *, mode: int = 0o644) -> None:
    """Copy by reflink where the file system can, else byte by byte; never by link.

    A hard link would let an edit of the copy poison the original, and onnx refuses both kinds.
    """
    with source.open("rb") as src:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with open(handle, "wb") as dst:
            try:
                fcntl.ioctl(dst, _FICLONE, src.fileno())
            except OSError:
                shutil.copyfileobj(src, dst, 1 << 20)
            os.fchmod(dst.fileno(), mode)


def remove(path: Path) -> None:
    """Whatever is there, a folder with all in it, a link but not what it points to, or nothing."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except PermissionError:
        _open_up(path)
        shutil.rmtree(path)


def _open_up(path: Path) -> None:
    """Let us remove what is in a folder and below: some tools make folders that nobody may write to."""
    todo = [path]
    while todo:
        folder = todo.pop()
        folder.chmod(0o700)
        todo += [inner for inner in folder.iterdir() if inner.is_dir() and not inner.is_symlink()]


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[None]:
    """Hold an flock on `path`. The kernel frees it when the holder dies, so it cannot go stale.

    BlockingIOError at once if it is taken and `wait` is False.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    operation = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with path.open("ab") as file:
        fcntl.flock(file, operation | (0 if wait else fcntl.LOCK_NB))
        yield
