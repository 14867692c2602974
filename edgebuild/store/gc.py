"""Remove from the store what no build, pin or release needs any more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgebuild.store import files, roots
from edgebuild.store.store import Store, StoreBusy

__all__ = ["Collected", "StoreBusy", "collect", "live", "sweep"]


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What was removed (or would be), and what is left."""

    blobs: int
    results: int
    size_bytes: int
    kept_blobs: int
    kept_bytes: int


def collect(store: Store, *, dry_run: bool = False, wait_s: float = 10.0) -> Collected:
    """Mark from roots and pins, sweep the rest.

    A root names actions, a pin may name blobs as well. Builds hold the store shared from their first
    look-up to their record, so what a running build found or made cannot go away under it;
    StoreBusy if one still runs after `wait_s` seconds. BrokenRoot if a root or a pin cannot be read:
    then nothing is removed.
    """
    with store.alone(wait_s):
        return sweep(store, dry_run=dry_run)


def sweep(store: Store, *, dry_run: bool = False) -> Collected:
    """The same for one who holds the store alone."""
    live_results, live_blobs = live(store)
    blobs = results = size = kept = kept_bytes = 0
    for path in _entries(store.root / "ac"):
        if path.name not in live_results:
            results += 1
            size += path.lstat().st_size
            if not dry_run:
                files.remove(path)
    for path in _entries(store.root / "cas"):
        length = path.lstat().st_size
        if path.name in live_blobs:
            kept += 1
            kept_bytes += length
            continue
        blobs += 1
        size += length
        if not dry_run:
            files.remove(path)
    if not dry_run:
        left = [*store.scratch.iterdir(), *store.work.iterdir(), *_entries(store.root / "locks")]
        for path in left:
            files.remove(path)
    return Collected(
        blobs=blobs, results=results, size_bytes=size, kept_blobs=kept, kept_bytes=kept_bytes
    )


def live(store: Store) -> tuple[set[str], set[str]]:
    """Names (sha256) of action results and blobs that roots and pins reach."""
    results: set[str] = set()
    blobs: set[str] = set()
    for path in [*roots.paths(store, roots.ROOTS), *roots.paths(store, roots.PINS)]:
        named = roots.read(path)
        blobs |= {digest.hash for digest in named.blobs}
        for key in named.actions:
            result = store.peek(key)
            results.add(key.hash)
            if result is not None:
                blobs |= {d.hash for d in (*result.outputs.values(), result.log)}
    return results, blobs


def _entries(folder: Path) -> list[Path]:
    return [path for sub in folder.iterdir() if sub.is_dir() for path in sub.iterdir()]
