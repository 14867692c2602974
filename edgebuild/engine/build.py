"""One build of one graph: opened from manifests and settings, run step by step, finished with a record."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from edgebuild import digest as digests
from edgebuild.engine import noop, publish, world
from edgebuild.engine.execute import Executor
from edgebuild.engine.inputs import Inputs
from edgebuild.engine.records import Records
from edgebuild.engine.session import Session, actions_by_step
from edgebuild.engine.toolbox import Toolbox
from edgebuild.kinds import Kinds
from edgebuild.manifest.model import Project
from edgebuild.plan.graph import Graph, Variant
from edgebuild.plan.resolve import Surroundings
from edgebuild.report import index
from edgebuild.settings import Settings
from edgebuild.step import ProjectFile
from edgebuild.store import files
from edgebuild.store.store import Store
from edgebuild.toolchains.pool import Pool

STATE = ".edgebuild"


@dataclass(kw_only=True)
class Build:
    """State of a build. Made by `open_build`; `close` ends workers and gives the store back."""

    project: Project
    target: str
    model: str | None
    session: Session
    toolbox: Toolbox
    today: datetime.date
    resources: ExitStack
    published: dict[str, publish.Published] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        return self.session.graph

    @property
    def artifacts(self) -> Path:
        return self.project.root / "artifacts"

    @property
    def environments(self) -> tuple[str, ...]:
        """Tool environments this graph needs, by name."""
        steps = self.graph.steps.values()
        return tuple(sorted({self.session.kinds.get(s.kind).tools for s in steps}))

    def publish(self, variant: Variant) -> None:
        """GateFailed if the variant is not accepted."""
        self.published[variant.name] = publish.publish(
            self.session, self.project, variant, self.artifacts, self.today
        )

    def finish(self, *, succeeded: bool) -> str:
        """Record what was done; the summary to tell. Only a build of the whole graph counts as done: doit
        may have been asked for some of its steps."""
        self.session.records.save()
        if not succeeded or len(self.published) < len(self.graph.variants):
            self._write_index()
            return "the steps asked for are done" if succeeded else ""
        self.session.store.set_root(
            _root_name(self.project.root, self.target, self.model),
            list(actions_by_step(self.session.outcomes).values()),
        )
        if self.model is None:
            self._remove_stale()
        self._write_index()
        summary = f"{len(self.graph.variants)} artifacts in artifacts/{self.target} are up to date"
        noop.record(
            noop.path(self.project.root / STATE, self.target, self.model),
            noop.context(self.target, self.model, str(self.toolbox.settings.home)),
            self._files(),
            summary=summary,
            until=min((w.expires for v in self.graph.variants for w in v.waivers), default=""),
        )
        return summary

    def close(self) -> None:
        self.resources.close()

    def _remove_stale(self) -> None:
        """Variants that were published before and are not declared any more."""
        home = self.artifacts / self.target
        keep = {self.artifacts / v.folder for v in self.graph.variants}
        for report in list(home.rglob("report.json")):
            folder = report.parent
            if folder.name != publish.REJECTED and folder not in keep:
                shutil.rmtree(folder)

    def _write_index(self) -> None:
        """artifacts/index.html over everything that lies there."""
        reports = {}
        for path in sorted(self.artifacts.rglob("report.json")):
            page = path.with_name("report.html").relative_to(self.artifacts)
            reports[str(page)] = json.loads(path.read_bytes())
        refused = [
            (model.name, target, use.refused)
            for model in self.project.models.values()
            for target, use in model.targets.items()
            if use.refused
        ]
        data = index.page(reports, refused).encode()
        self.artifacts.mkdir(exist_ok=True)
        place = self.artifacts / "index.html"
        files.write_atomic(place, data, scratch=self.artifacts, mode=0o644)

    def _files(self) -> Iterator[str]:
        """Every file whose change could change what this build would do."""
        root = self.project.root
        for base in ("manifests", "manifests/models", "manifests/targets"):
            yield str(root / base)
        yield str(root / f"manifests/targets/{self.target}.yaml")
        for model in self.project.models.values():
            yield str(root / model.path)
        for step in self.graph.steps.values():
            for ref in step.inputs.values():
                if isinstance(ref, ProjectFile):
                    yield str(root / ref.path)
        kinds = {step.kind for step in self.graph.steps.values()}
        yield from (str(path) for path in world.code_files(self.session.kinds, kinds))
        package = Path(world.__file__).parents[1]
        for part in ("engine", "plan", "manifest", "report"):
            yield from (str(path) for path in (package / part).glob("*.py"))
        for name in self.environments:
            yield str(self.toolbox.get(name).folder)
        for done in self.published.values():
            yield from (str(path) for path in done.paths)


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
    """Open the store for a graph; nothing is installed or run yet."""
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
        machine=world.machine(),
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
        execute=Executor(store=store, pool=pool, logs=root / STATE / "logs"),
    )


def _root_name(root: Path, target: str, model: str | None) -> str:
    """One record for each folder, target and choice of model; a later build replaces it."""
    place = digests.of_bytes(str(root).encode()).hash[:16]
    return f"{place}-{target}" + (f"-{model}" if model else "")


class _Lazy(dict[str, str]):
    """A mapping that computes a value when it is first asked for."""

    def __init__(self, compute: Callable[[str], str]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, name: str) -> str:
        self[name] = value = self._compute(name)
        return value
