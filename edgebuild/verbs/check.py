"""`doit check`: validate every manifest; how many gates are waived, and which waivers have expired."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from edgebuild.manifest.model import Project
from edgebuild.step import Waiver
from edgebuild.verbs import Context


def run(context: Context, today: datetime.date | None = None) -> bool:
    """ManyErrors with every problem of every file; otherwise one line, and one for each expired waiver,
    whose gate fails again if it does not hold by itself."""
    project = context.project
    day = (today or datetime.date.today()).isoformat()
    waivers = sorted(_waivers(project), key=lambda one: (one[1].expires, one[0]))
    held = [one for one in waivers if one[1].expires >= day]
    text = f"ok: {len(project.models)} models, {len(project.targets)} targets"
    if held:
        place, first = held[0]
        until = f"the next expires after {first.expires} ({place} {first.metric}, {first.owner})"
        text += f"; {len(held)} waiver{'s' if len(held) > 1 else ''}, {until}"
    context.say(text)
    for place, waiver in waivers:
        if waiver.expires < day:
            context.say(
                f"expired: {place} {waiver.metric} was waived by {waiver.owner} until"
                f" {waiver.expires}: {waiver.reason}"
            )
    return True


def _waivers(project: Project) -> Iterator[tuple[str, Waiver]]:
    """Every waiver with the model and target it is for."""
    for model in project.models.values():
        for use in model.targets.values():
            yield from ((f"{model.name}/{use.target}", waiver) for waiver in use.waivers)
    for target in project.targets.values():
        yield from ((target.name, waiver) for waiver in target.budget.waivers)
