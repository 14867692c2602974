"""What a build would do, without doing it: each step restored, run, or waiting for one that runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgebuild.engine.session import Outcome, Session
from edgebuild.errors import EdgebuildError
from edgebuild.plan import explain
from edgebuild.plan.resolve import key
from edgebuild.step import Step

Fate = Literal["restore", "run", "after"]


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """`after`: something it reads will run; it runs too unless that gives the same bytes as before."""

    step: Step
    fate: Fate
    reasons: tuple[str, ...]


def forecast(session: Session) -> list[Forecast]:
    """Every step of the graph, in order. The store is read, nothing is written or run."""
    rows: list[Forecast] = []
    for name, step in session.graph.steps.items():
        waiting = [up for up in session.graph.upstream(step) if up not in session.outcomes]
        if waiting:
            rows.append(Forecast(step=step, fate="after", reasons=tuple(waiting)))
            continue
        try:
            action = session.action(step)
        except EdgebuildError as error:
            rows.append(Forecast(step=step, fate="run", reasons=(error.message,)))
            continue
        result = session.find(step, key(action))
        if result is not None:
            session.outcomes[name] = Outcome(
                step=step, action=action, key=key(action), result=result, how="restored"
            )
            rows.append(Forecast(step=step, fate="restore", reasons=()))
            continue
        why = explain.differences(session.records.action(name), action.to_json())
        rows.append(
            Forecast(
                step=step,
                fate="run",
                reasons=tuple(why) or (session.why_again(step),),
            )
        )
    return rows
