"""`doit explain target=NAME [model=NAME] [step=ID]`: what changed since the recorded build."""

from __future__ import annotations

import datetime

from edgebuild.engine.forecast import forecast
from edgebuild.errors import EdgebuildError, suggest
from edgebuild.verbs import Context


def run(
    context: Context,
    target: str | None = None,
    model: str | None = None,
    step: str | None = None,
) -> bool:
    """A line a changed step, with each part of it that differs; a step named has its action shown."""
    build = context.build(target, model, datetime.date.today())
    try:
        if step is not None and step not in build.graph.steps:
            near = suggest(step, build.graph.steps)
            raise EdgebuildError(
                f"unknown step `{step}`",
                hint=f"did you mean `{near}`?"
                if near
                else "`doit list --all target=...` lists them",
            )
        if context.tools_missing(build):
            context.say(f"what changed is known once they are: doit tools target={target}")
            return True
        changed = 0
        for row in forecast(build.session):
            if step is not None and row.step.id != step:
                continue
            if row.fate == "restore":
                if step is not None:
                    context.say(f"{row.step.id}: nothing changed")
                continue
            changed += 1
            context.say(f"{row.step.id}:")
            for reason in row.reasons:
                text = f"waits for {reason}" if row.fate == "after" else reason
                context.say(f"  {text}")
        if not changed and step is None:
            context.say("nothing changed since the recorded build")
        return True
    finally:
        build.close()
