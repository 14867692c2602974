"""`doit plan target=NAME [model=NAME]`: what a build would run or restore, and why."""

from __future__ import annotations

import datetime

from edgebuild.engine.forecast import forecast
from edgebuild.verbs import Context


def run(context: Context, target: str | None = None, model: str | None = None) -> bool:
    build = context.build(target, model, datetime.date.today())
    try:
        if context.tools_missing(build):
            context.say(f"then {len(build.graph.steps)} steps, each restored if the store has it")
            return True
        counts = {"restore": 0, "run": 0, "after": 0}
        for row in forecast(build.session):
            counts[row.fate] += 1
            if row.fate == "restore":
                continue
            reason = "; ".join(row.reasons)
            context.say(f"{row.fate:<7}  {row.step.id}  ({reason})")
        context.say(
            f"{counts['run']} to run, {counts['after']} after them"
            f" (unless those give the same bytes as before), {counts['restore']} to restore"
        )
        for one in build.graph.refused:
            context.say(f"refused  {one.model}/{one.target}: {one.reason}")
        return True
    finally:
        build.close()
