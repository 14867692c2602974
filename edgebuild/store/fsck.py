"""Look at everything in the store, list every fault, stop at none; repair by removing what is damaged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgebuild import digest as digests
from edgebuild.action import ActionResult
from edgebuild.digest import Digest
from edgebuild.store import files, roots
from edgebuild.store.store import Store

# Begins what is said of a pin that is readable.
LACKS = "names what the store has not:"
_HEX = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`path` is relative to the store; `rebuilds` says whether builds bring the content back, `removable`
    whether repair removes it."""

    path: str
    what: str
    rebuilds: bool = True
    removable: bool = True


def check(store: Store, *, repair: bool = False, wait_s: float = 10.0) -> list[Fault]:
    """Every fault there is. With `repair`, damaged entries are removed, all but pins: what they held
    is rebuilt by the next build that needs it (a result that names a missing blob is a miss).

    Repair holds the store alone, for what looks damaged may be what a build is just mending;
    StoreBusy if a build still runs after `wait_s` seconds. Without repair builds go on meanwhile, but
    nothing is removed under its eyes.
    """
    with store.alone(wait_s) if repair else store.in_use():
        found: list[Fault] = []
        # In this order: removing a blob makes results of it faulty.
        for look in (_blobs, _results, _roots, _pins, _leftovers):
            faults = list(look(store))
            found += faults
            for fault in faults:
                if repair and fault.removable:
                    files.remove(store.root / fault.path)
        return found


def _blobs(store: Store) -> Iterator[Fault]:
    for path in _entries(store.root / "cas"):
        where = str(path.relative_to(store.root))
        if not _HEX.match(path.name) or path.parent.name != path.name[:2]:
            yield Fault(path=where, what="not a blob's name", rebuilds=False)
        elif path.is_symlink() or not path.is_file():
            yield Fault(path=where, what="not a regular file")
        else:
            try:
                found = digests.of_file(path)
            except OSError as error:
                yield Fault(path=where, what=f"unreadable: {error.strerror}")
                continue
            if found.hash != path.name:
                yield Fault(
                    path=where, what=f"content is {found.hash[:12]}, {found.size_bytes} bytes"
                )


def _results(store: Store) -> Iterator[Fault]:
    for path in _entries(store.root / "ac"):
        where = str(path.relative_to(store.root))
        result = _result(path)
        if result is None:
            yield Fault(path=where, what="unreadable result")
            continue
        for port, digest in _blobs_of(result):
            if not _plausible(store, digest):
                yield Fault(path=where, what=f"names a missing blob: {port} {digest.short}")
                break


def _result(path: Path) -> ActionResult | None:
    """What is recorded in a file; nothing if it is absent, damaged or no result."""
    try:
        document = json.loads(path.read_bytes())
        body = document["result"]
        if digests.of_bytes(body.encode()).hash != document["sha256"]:
            return None
        return ActionResult.from_json(json.loads(body))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _blobs_of(result: ActionResult) -> list[tuple[str, Digest]]:
    return [*result.outputs.items(), ("log", result.log)]


def _plausible(store: Store, digest: Digest) -> bool:
    path = store.blob_path(digest)
    try:
        return not path.is_symlink() and path.stat().st_size == digest.size_bytes
    except OSError:
        return False


def _roots(store: Store) -> Iterator[Fault]:
    for where in _broken(store, roots.ROOTS):
        yield Fault(path=where, what="unreadable root", rebuilds=False)


def _pins(store: Store) -> Iterator[Fault]:
    """Pins that cannot be read, and what each of the others names and the store has not."""
    broken = set(_broken(store, roots.PINS))
    for path in roots.paths(store, roots.PINS):
        where = str(path.relative_to(store.root))
        whats = ["unreadable pin"] if where in broken else _lacking(store, roots.read(path))
        for what in whats:
            yield Fault(path=where, what=what, rebuilds=False, removable=False)


def _lacking(store: Store, named: roots.Named) -> Iterator[str]:
    for digest in named.blobs:
        if not _plausible(store, digest):
            yield f"{LACKS} blob {digest.short}"
    for key in named.actions:
        result = _result(store.result_path(key))
        if result is None:
            yield f"{LACKS} result {key.short}"
            continue
        for port, digest in _blobs_of(result):
            if not _plausible(store, digest):
                yield f"{LACKS} blob {digest.short}, {port} of result {key.short}"


def _broken(store: Store, kind: str) -> Iterator[str]:
    for path in roots.paths(store, kind):
        try:
            roots.read(path)
        except roots.BrokenRoot:
            yield str(path.relative_to(store.root))


def _leftovers(store: Store) -> Iterator[Fault]:
    for path in store.scratch.glob("*.damaged"):
        yield Fault(
            path=str(path.relative_to(store.root)), what="was found damaged and put aside earlier"
        )


def _entries(folder: Path) -> Iterator[Path]:
    for sub in sorted(folder.iterdir()):
        if sub.is_dir() and not sub.is_symlink():
            yield from sorted(sub.iterdir())
        else:
            yield sub
