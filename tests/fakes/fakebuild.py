"""Builds a project of text models with the real engine, and says what ran."""

import datetime
from contextlib import closing
from dataclasses import dataclass, field

from fakekinds import kinds as fake_kinds

from edgebuild.engine.opening import open_build
from edgebuild.engine.toolbox import Toolbox
from edgebuild.errors import EdgebuildError
from edgebuild.plan.expand import expand
from edgebuild.settings import Settings
from edgebuild.toolchains.progress import Silent

TODAY = datetime.date(2026, 6, 1)


@dataclass
class Ran:
    """Ids of steps by what became of them; errors by step or variant."""

    built: list = field(default_factory=list)
    restored: list = field(default_factory=list)
    errors: dict = field(default_factory=dict)
    said: list = field(default_factory=list)
    published: list = field(default_factory=list)
    summary: str = ""


def open_fake(project, home, *, kinds=None, target="board", model=None, said=None, mirrors=()):
    kinds = kinds or fake_kinds()
    toolbox = Toolbox(
        settings=Settings(home=home, mirrors=tuple(mirrors), offline=True), progress=Silent()
    )
    return open_build(
        expand(project, target, kinds, model),
        project,
        target,
        model,
        kinds=kinds,
        toolbox=toolbox,
        today=TODAY,
        say=(said if said is not None else []).append,
    )


def build(project, home, **options):
    """Every step in order, as doit would with `--continue`: after an error, what needs it is left out."""
    ran = Ran()
    with closing(open_fake(project, home, said=ran.said, **options)) as opened:
        session = opened.session
        for name, step in opened.graph.steps.items():
            if any(up not in session.outcomes for up in opened.graph.upstream(step)):
                continue
            try:
                if not session.restore(name):
                    how = session.build(name).how
                    (ran.built if how == "built" else ran.restored).append(name)
                else:
                    ran.restored.append(name)
            except EdgebuildError as error:
                ran.errors[name] = error
        for variant in opened.graph.variants:
            if all(step in session.outcomes for step in variant.checks.values()):
                try:
                    opened.publish(variant)
                    ran.published.append(variant.name)
                except EdgebuildError as error:
                    ran.errors[variant.name] = error
        measured = (step for v in opened.graph.variants for step in v.checks.values())
        if opened.has_budget and all(step in session.outcomes for step in measured):
            try:
                opened.publish_budget()
            except EdgebuildError as error:
                ran.errors[f"{opened.target}/budget"] = error
        ran.summary = opened.finish(succeeded=not ran.errors)
    return ran
