"""`doit fsck [--repair]`: verify everything in the store."""

from __future__ import annotations

from edgebuild.store import fsck
from edgebuild.store.store import Store
from edgebuild.verbs import Context


def run(context: Context, *, repair: bool = False) -> bool:
    """Whether the store is sound, or was made so. Every fault is a line. StoreBusy if something is to be
    repaired while a build runs."""
    store = Store(context.settings.store).open()
    faults = fsck.check(store, repair=repair)
    for fault in faults:
        context.say(f"{fault.path}: {fault.what}")
    if not faults:
        context.say("the store is sound")
        return True
    stay = [fault for fault in faults if not fault.removable]
    rebuilt = sum(fault.rebuilds for fault in faults)
    if repair:
        context.say(f"removed {len(faults) - len(stay)} of {len(faults)} faulty entries")
    else:
        context.say(f"{len(faults)} faults; `doit fsck --repair` removes all but pins")
    if rebuilt:
        context.say(f"builds that need them make {rebuilt} of them again")
    if any(fault.path.startswith("roots/") for fault in faults):
        context.say("before `doit gc`, build again what is not to go: such a root named it")
    if any(not fault.what.startswith(fsck.LACKS) for fault in stay):
        context.say("a pin protects a release: put it back from a copy, or remove it yourself")
    if any(fault.what.startswith(fsck.LACKS) for fault in stay):
        context.say(
            "what a pin names and is lost comes back from a copy of the store, or by building that"
            " release again; if nobody needs it any more, remove the pin yourself"
        )
    return repair and not stay
