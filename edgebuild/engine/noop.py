"""The quickest answer there is: nothing to do, because no file a build depends on or made has changed.

After a build that succeeded, the state of every file that could change its outcome is recorded: manifests,
sources, step code, tool markers, published artifacts. If each still looks the same (modification time,
size, inode, change time), the graph need not be expanded at all. A file that looks different is hashed, of a
folder its list of names: touched but equal is still nothing to do. The change time cannot be set by a program,
so content changed behind the modification time's back is noticed.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import sys
import time
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import edgebuild

_FORMAT = "edgebuild-noop-4"
# With more files than this changed, planning the build costs less than hashing them first.
_REHASH = 200
# The kernel stamps files by a clock that ticks every 1 to 10 ms.
_TICK_NS = 20_000_000
_ABSENT = (0, 0, 0, 0)
_DAY_S = 86_400

Signature = tuple[int, int, int, int]
# Path, signature, sha256 (none of a tool's marker).
Row = tuple[str, Signature, str]
# Format, context, until, summary; paths, their signatures one behind the other, their sha256, packed until they
# are needed; paths that must be there. In columns: tens of thousands of rows are read slowly.
Record = tuple[str, str, str, str, tuple[str, ...], tuple[int, ...], bytes, tuple[str, ...]]

_checked_ns: int | None = None


def record(
    place: Path,
    context: str,
    files: Iterable[str],
    *,
    summary: str,
    until: str,
    begun_ns: int,
    tools: Iterable[str] = (),
    made: Mapping[str, str] | None = None,
    there: Iterable[str] = (),
) -> bool:
    """Remember that the build called `context` is done; False, and nothing is remembered, if that cannot be
    said: one of `files` is gone or changed since `begun_ns` (so the build may have seen it as it was
    before), or something `made` (path -> sha256) has not that content.

    `until` is the last day (ISO) on which it holds, `` for ever; `summary` is what to tell the user
    then. Of `tools` any change counts, of `there` only that they exist.
    """
    made = made or {}
    rows: list[Row] = []
    for name in sorted(set(files)):
        signature, digest = _look(name)
        if signature == _ABSENT or _changed_since(name, begun_ns - _TICK_NS):
            return False
        rows.append((name, signature, digest))
    for name, wanted in sorted(made.items()):
        signature, digest = _look(name)
        if digest != wanted:
            return False
        rows.append((name, signature, digest))
    rows += [(name, _signature(os.stat(name)), "") for name in sorted(set(tools))]
    present = tuple(sorted(set(there)))
    if not all(map(os.path.exists, present)):
        return False
    _write(place, (_FORMAT, context, until, summary, *_columns(rows), present))
    return True


def check(place: Path, context: str, *, today: str) -> str | None:
    """The summary recorded for `context` if nothing has changed since, else None."""
    global _checked_ns
    _checked_ns = time.time_ns()
    summary = _unchanged(place, context, today)
    if summary is None:
        # What is edited from now on is stamped by the clock of the disk's own machine, which may be late.
        _checked_ns = min(_checked_ns, _now_there_ns(place.parent))
    return summary


def _unchanged(place: Path, context: str, today: str) -> str | None:
    data = _read(place)
    if data is None:
        return None
    form, known, until, summary, names, stamps, packed, present = data
    if form != _FORMAT or known != context or (until and today > until):
        return None
    stat = os.stat
    suspects = set()
    try:
        for name, (mtime, size, inode, ctime) in zip(names, _signatures(stamps), strict=True):
            s = stat(name)
            if (
                s.st_mtime_ns != mtime
                or s.st_size != size
                or s.st_ino != inode
                or s.st_ctime_ns != ctime
            ):
                suspects.add(name)
                if len(suspects) > _REHASH:
                    return None
        for name in present:
            stat(name)
    except OSError:
        return None
    _note_use_of_tools(place, names, packed)
    if suspects:
        rows = list(_rows(names, stamps, packed))
        for i, (name, _, recorded) in enumerate(rows):
            if name in suspects:
                signature, digest = _look(name)
                if not recorded or digest != recorded:
                    return None
                rows[i] = (name, signature, digest)
        with contextlib.suppress(OSError):  # it is as true without
            _write(place, (form, known, until, summary, *_columns(rows), present))
    return str(summary)


def _columns(rows: Iterable[Row]) -> tuple[tuple[str, ...], tuple[int, ...], bytes]:
    names, signatures, sha256 = zip(*rows, strict=True) if rows else ((), (), ())
    stamps = tuple(value for signature in signatures for value in signature)
    return names, stamps, marshal.dumps(sha256)


def _rows(names: tuple[str, ...], stamps: tuple[int, ...], packed: bytes) -> Iterable[Row]:
    return zip(names, _signatures(stamps), marshal.loads(packed), strict=True)


def _signatures(stamps: tuple[int, ...]) -> Iterable[Signature]:
    return zip(stamps[0::4], stamps[1::4], stamps[2::4], stamps[3::4], strict=True)


def _now_there_ns(folder: Path) -> int:
    """The time by which files in a folder are stamped; the present where nothing can be written."""
    mark = folder / ".begun"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mark.write_bytes(b".")
        return mark.stat().st_mtime_ns
    except OSError:
        return time.time_ns()


def _note_use_of_tools(place: Path, names: tuple[str, ...], packed: bytes) -> None:
    """Once a day: `doit gc` removes tool environments that nobody has used for long."""
    if time.time() - os.stat(place).st_mtime < _DAY_S:
        return
    from edgebuild.toolchains.unused import note_use

    for name, digest in zip(names, marshal.loads(packed), strict=True):
        if not digest:
            note_use(Path(name))
    with contextlib.suppress(OSError):
        os.utime(place)


def begun_ns() -> int:
    """When this process asked whether there is anything to do, which is before it reads manifests; the
    present if it never did."""
    return time.time_ns() if _checked_ns is None else _checked_ns


def context(target: str, model: str | None, home: str, around: Iterable[str] = ()) -> str:
    """What a record is about: another version, checkout, Python, home, choice of models, or another of the
    `circumstances`, is another build."""
    package = str(Path(edgebuild.__file__).parent)
    python = (sys.version, sys.prefix, os.uname().machine)
    return "\n".join((edgebuild.__version__, package, *python, target, model or "", home, *around))


def path(state: Path, target: str, model: str | None) -> Path:
    """Where the record of such a build is kept, below a project's state folder."""
    return state / "done" / (f"{target}.{model}" if model else target)


def _look(name: str) -> tuple[Signature, str]:
    """Signature and digest of a file, or of a folder's names; absent also if it changes meanwhile."""
    try:
        before = _signature(os.stat(name))
        if os.path.isdir(name):  # noqa: PTH112 - names are strings for speed
            listing = "\0".join(sorted(_names(name)))
            digest = "names:" + hashlib.sha256(os.fsencode(listing)).hexdigest()
        else:
            with open(name, "rb", buffering=0) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        if _signature(os.stat(name)) == before:
            return before, digest
    except OSError:
        pass
    return _ABSENT, ""


def _signature(s: os.stat_result) -> Signature:
    return (s.st_mtime_ns, s.st_size, s.st_ino, s.st_ctime_ns)


def _names(folder: str) -> list[str]:
    """What counts in a folder: installed packages where there are any, else all but Python's cache."""
    names = os.listdir(folder)  # noqa: PTH208 - names are strings for speed
    packages = [n for n in names if n.endswith((".dist-info", ".egg-info"))]
    return packages or [n for n in names if n != "__pycache__"]


def _changed_since(name: str, since_ns: int) -> bool:
    """Whether a file, or anything that counts in a folder, was written or put there since then."""
    try:
        if not os.path.isdir(name):  # noqa: PTH112
            s = os.stat(name)
            return max(s.st_mtime_ns, s.st_ctime_ns) >= since_ns
        for inner in _names(name):
            path = f"{name}/{inner}"
            # Python's cache in a folder explains a change of the folder's own times.
            cached = os.path.isdir(f"{path}/__pycache__")  # noqa: PTH112
            if not cached and os.lstat(path).st_ctime_ns >= since_ns:
                return True
    except OSError:
        return True
    return False


def _write(place: Path, data: Record) -> None:
    body = marshal.dumps(data)
    place.parent.mkdir(parents=True, exist_ok=True)
    temp = place.with_name(f".{place.name}.{os.getpid()}")
    temp.write_bytes(zlib.crc32(body).to_bytes(4) + body)
    temp.replace(place)


def _read(place: Path) -> Record | None:
    try:
        data = place.read_bytes()
        if zlib.crc32(data[4:]).to_bytes(4) != data[:4]:
            return None
        form, context, until, summary, names, stamps, packed, present = marshal.loads(data[4:])
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return form, context, until, summary, names, stamps, packed, present
