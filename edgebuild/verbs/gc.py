"""`doit gc`: remove from the store what no build needs any more."""

from __future__ import annotations

from edgebuild.store import gc
from edgebuild.store.store import Store
from edgebuild.verbs import Context


def run(context: Context) -> bool:
    """StoreBusy if a build is running."""
    store = Store(context.settings.store).open()
    done = gc.collect(store)
    context.say(
        f"removed {done.blobs} blobs and {done.results} results, {_size(done.size_bytes)};"
        f" kept {done.kept_blobs} blobs, {_size(done.kept_bytes)}"
    )
    return True


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
