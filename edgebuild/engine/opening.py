"""A build made of a graph and settings: its store, workers and surroundings; nothing is run yet."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from edgebuild.engine import machine, noop, world
from edgebuild.engine.abilities import circumstances
from edgebuild.engine.build import STATE, Build
from edgebuild.engine.execute import Executor
from edgebuild.engine.inputs import Inputs
from edgebuild.engine.records import Records
from edgebuild.engine.session import Session
from edgebuild.engine.toolbox import Toolbox
from edgebuild.kinds import Kinds
from edgebuild.manifest.model import Project
from edgebuild.plan.graph import Graph
from edgebuild.plan.resolve import Surroundings
from edgebuild.settings import Settings
from edgebuild.store.store import Store
from edgebuild.toolchains.pool import Pool


def open_build(
    graph: Graph,
    project: Project,
    target: str,
    model: str | None,
    *,
    kinds: Kinds,
    toolbox: Toolbox,
    today: datetime.date,
    say: Callable[[str], None],
) -> Build:
    """A build whose store is open."""
    resources = ExitStack()
    session = open_session(graph, project.root, kinds, toolbox, resources, say)
    return Build(
        project=project,
        target=target,
        model=model,
        session=session,
        toolbox=toolbox,
        today=today,
        resources=resources,
        begun_ns=noop.begun_ns(),
        around=circumstances(toolbox.settings.variables),
    )


def open_session(
    graph: Graph,
    root: Path,
    kinds: Kinds,
    toolbox: Toolbox,
    resources: ExitStack,
    say: Callable[[str], None],
) -> Session:
    """A session whose store is held in use, and whose workers end, with `resources`."""
    settings: Settings = toolbox.settings
    store = Store(settings.store).open()
    resources.enter_context(store.in_use())
    pool = Pool()
    resources.callback(pool.close)
    around = Surroundings(
        code=_Lazy(lambda kind_id: world.code_digest(kinds, kind_id)),
        tools=_Lazy(lambda name: toolbox.get(name).digest),
        machine=machine.facts(),
        modules=_Lazy(world.module_digest),
    )
    return Session(
        graph=graph,
        kinds=kinds,
        store=store,
        inputs=Inputs(
            root=root, store=store, mirrors=settings.mirrors, offline=settings.offline, say=say
        ),
        records=Records(root / STATE / "records.json"),
        around=around,
        tools=toolbox.get,
        edited=lambda kind_id, modules: world.edited(kinds, kind_id, modules),
        execute=Executor(
            store=store, pool=pool, logs=root / STATE / "logs", secrets=settings.secrets
        ),
    )


class _Lazy(dict[str, str]):
    """A mapping that computes a value when it is first asked for."""

    def __init__(self, compute: Callable[[str], str]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, name: str) -> str:
        self[name] = value = self._compute(name)
        return value
