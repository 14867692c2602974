"""The quickest answer there is: nothing to do, because no file a build depends on or made has changed.

After a build that succeeded, the state of every file that could change its outcome is recorded: manifests,
sources, step code, tool markers, published artifacts. If each still looks the same (modification time,
size, inode, change time), the graph need not be expanded at all. A file that looks different is hashed: touched
but equal is still nothing to do. The change time cannot be set by a program, so content changed
behind the modification time's back is noticed.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from edgebuild import __version__

_FORMAT = f"edgebuild-noop-2 {sys.version_info[:2]}"
# With more files than this changed, planning the build costs less than hashing them first.
_REHASH = 200

Signature = tuple[int, int, int, int]
# Path, signature, sha256.
Row = tuple[str, int, int, int, int, str]


def record(place: Path, context: str, files: Iterable[str], *, summary: str, until: str) -> None:
    """Remember that the build called `context` is done. `until` is the last day (ISO) on which that
    holds, `` for ever; `summary` is what to tell the user then. Files that are absent are recorded
    as absent."""
    rows = []
    for name in sorted(set(files)):
        signature, digest = _look(name)
        rows.append((name, *signature, digest))
    _write(place, (_FORMAT, context, until, summary, rows))


def check(place: Path, context: str, *, today: str) -> str | None:
    """The summary recorded for `context` if nothing has changed since, else None."""
    data = _read(place)
    if data is None:
        return None
    form, known, until, summary, rows = data
    if form != _FORMAT or known != context or (until and today > until):
        return None
    stat = os.stat
    suspects = []
    for row in rows:
        try:
            s = stat(row[0])
        except OSError:
            if row[1:5] != (0, 0, 0, 0):
                return None
            continue
        if (
            s.st_mtime_ns != row[1]
            or s.st_size != row[2]
            or s.st_ino != row[3]
            or s.st_ctime_ns != row[4]
        ):
            suspects.append(row)
            if len(suspects) > _REHASH:
                return None
    if suspects:
        for row in suspects:
            if not row[5] or _look(row[0])[1] != row[5]:
                return None
        fresh = {row[0]: (row[0], *_look(row[0])[0], row[5]) for row in suspects}
        _write(place, (form, known, until, summary, [fresh.get(row[0], row) for row in rows]))
    return str(summary)


def context(target: str, model: str | None, home: str) -> str:
    """What a record is about: another version, home or choice of models is another build."""
    return "\n".join((__version__, target, model or "", home))


def path(state: Path, target: str, model: str | None) -> Path:
    """Where the record of such a build is kept, below a project's state folder."""
    return state / "done" / (f"{target}.{model}" if model else target)


def _look(name: str) -> tuple[Signature, str]:
    """Signature and sha256 of a file; folders have no digest: any change of theirs counts."""
    try:
        s = os.stat(name)
        digest = ""
        if not os.path.isdir(name):  # noqa: PTH112 - names are strings for speed
            with open(name, "rb", buffering=0) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return (0, 0, 0, 0), ""
    return (s.st_mtime_ns, s.st_size, s.st_ino, s.st_ctime_ns), digest


def _write(place: Path, data: tuple[str, str, str, str, list[Row]]) -> None:
    body = marshal.dumps(data)
    place.parent.mkdir(parents=True, exist_ok=True)
    temp = place.with_name(f".{place.name}.{os.getpid()}")
    temp.write_bytes(hashlib.sha256(body).digest() + body)
    temp.replace(place)


def _read(
    place: Path,
) -> tuple[str, str, str, str, list[Row]] | None:
    try:
        data = place.read_bytes()
        if hashlib.sha256(data[32:]).digest() != data[:32]:
            return None
        form, context, until, summary, rows = marshal.loads(data[32:])
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return form, context, until, summary, rows
