"""`doit fsck [--repair]`: verify everything in the store."""

from __future__ import annotations

from edgebuild.store import fsck
from edgebuild.store.store import Store
from edgebuild.verbs import Context


def run(context: Context, *, repair: bool = False) -> bool:
    """Whether the store is sound, or was made so. Every fault is a line."""
    store = Store(context.settings.store).open()
    faults = fsck.check(store, repair=repair)
    for fault in faults:
        context.say(f"{fault.path}: {fault.what}")
    if not faults:
        context.say("the store is sound")
        return True
    if repair:
        context.say(f"removed {len(faults)} damaged entries; the next build makes them again")
        return True
    context.say(f"{len(faults)} faults; `doit fsck --repair` removes them, builds make them again")
    return False
