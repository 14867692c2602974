"""`doit gc`: remove from the store what no build needs any more, and outdated tools that nobody uses."""

from __future__ import annotations

import time
from collections.abc import Sequence

from edgebuild.store import gc
from edgebuild.store.store import Store
from edgebuild.toolchains import unused
from edgebuild.toolchains.unused import Outdated
from edgebuild.verbs import Context


def run(context: Context) -> bool:
    """StoreBusy if a build is running."""
    store = Store(context.settings.store).open()
    with store.alone():
        done = gc.sweep(store)
        context.say(
            f"removed {done.blobs} blobs and {done.results} results, {_size(done.size_bytes)};"
            f" kept {done.kept_blobs} blobs, {_size(done.kept_bytes)}"
        )
        _say_tools(context, unused.remove(context.settings.tools, now_s=time.time()))
    return True


def _say_tools(context: Context, outdated: Sequence[Outdated]) -> None:
    for one in outdated:
        when = "today" if not one.days else f"{one.days} day{'s' * (one.days > 1)} ago"
        what = f"outdated tool environment {one.name}, {_size(one.size_bytes)}, last used {when}"
        context.say(f"removed {what}" if one.removed else f"kept {what}")
    if not all(one.removed for one in outdated):
        context.say(
            "another edgebuild or Python may use what is kept; it goes when it was not used for"
            f" {unused.DAYS} days"
        )


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"
