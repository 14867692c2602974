"""One build of one target: opened from manifests and settings, run as doit tasks, finished with a record."""

from __future__ import annotations

import datetime
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgebuild import digest as digests
from edgebuild.engine import noop, publish, world
from edgebuild.engine.execute import Executor
from edgebuild.engine.inputs import Inputs
from edgebuild.engine.records import Records
from edgebuild.engine.session import Session, actions_by_step
from edgebuild.kinds import Kinds
from edgebuild.manifest.model import Project
from edgebuild.plan.expand import expand
from edgebuild.plan.graph import Graph, Variant
from edgebuild.plan.resolve import Surroundings
from edgebuild.settings import Settings
from edgebuild.step import Output, ProjectFile
from edgebuild.store.store import Store
from edgebuild.toolchains import provision
from edgebuild.toolchains.environments import ENVIRONMENTS
from edgebuild.toolchains.pool import Pool
from edgebuild.toolchains.provision import Tools

STATE = ".edgebuild"


@dataclass
class Build:
    """State of a build. Made by `open_build`; `close` ends workers and gives the store back."""

    project: Project
    target: str
    model: str | None
    graph: Graph
    session: Session
    settings: Settings
    today: datetime.date
    resources: ExitStack
    published: dict[str, publish.Published] = field(default_factory=dict)
    _tools: dict[str, Tools] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def artifacts(self) -> Path:
        return self.project.root / "artifacts"

    @property
    def environments(self) -> tuple[str, ...]:
        """Tool environments this graph needs, by name."""
        steps = self.graph.steps.values()
        return tuple(sorted({self.session.kinds.get(s.kind).tools for s in steps}))

    def tools_missing(self) -> list[str]:
        return [name for name in self.environments if not self._present(name)]

    def tools_present(self) -> bool:
        return not self.tools_missing()

    def provide_tools(self, progress: Any) -> None:
        """Install what is missing; LicenseNotAccepted or ProvisionError with the remedy."""
        for name in self.environments:
            if not self._present(name):
                self._tools[name] = provision.ensure(
                    ENVIRONMENTS[name],
                    self.settings.tools,
                    accept=self.settings.licenses,
                    wheelhouse=self.settings.wheels,
                    progress=progress,
                )

    def tools(self, name: str) -> Tools:
        found = self._present(name)
        assert found is not None, f"tool environment {name} was not provided"
        return found

    def _present(self, name: str) -> Tools | None:
        with self._lock:
            if name not in self._tools:
                found = provision.present(ENVIRONMENTS[name], self.settings.tools)
                if found is None:
                    return None
                self._tools[name] = found
            return self._tools[name]

    def publish(self, variant: Variant) -> None:
        """GateFailed if the variant is not accepted."""
        self.published[variant.name] = publish.publish(
            self.session, self.project, variant, self.artifacts, self.today
        )

    def finish(self, *, succeeded: bool) -> str:
        """Record what was done; the summary to tell."""
        self.session.records.save()
        keys = list(actions_by_step(self.session.outcomes).values())
        root = digests.of_bytes(str(self.project.root).encode()).hash[:16]
        name = f"{root}-{self.target}" + (f"-{self.model}" if self.model else "")
        summary = ""
        if succeeded:
            self.session.store.set_root(name, keys)
            if self.model is None:
                self._remove_stale()
            summary = f"{len(self.graph.variants)} artifacts in {self._shown()} are up to date"
            noop.record(
                noop_path(self.project.root, self.target, self.model),
                noop.context(self.target, self.model, str(self.settings.home)),
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
        for report in home.rglob("report.json"):
            folder = report.parent
            if folder.name != publish.REJECTED and folder not in keep:
                shutil.rmtree(folder)

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
            yield str(self.tools(name).folder)
        for done in self.published.values():
            yield from (str(path) for path in done.paths)

    def _shown(self) -> str:
        return f"artifacts/{self.target}"


def open_build(
    root: Path,
    settings: Settings,
    target: str,
    model: str | None,
    *,
    kinds: Kinds,
    project: Project,
    today: datetime.date,
    say: Callable[[str], None],
) -> Build:
    """Expand the graph and open the store; nothing is installed or run yet."""
    graph = expand(project, target, kinds, model)
    store = Store(settings.store).open()
    resources = ExitStack()
    resources.enter_context(store.in_use())
    pool = Pool()
    resources.callback(pool.close)
    inputs = Inputs(
        root=root, store=store, mirrors=settings.mirrors, offline=settings.offline, say=say
    )
    build: Build
    code = _Lazy(lambda kind_id: world.code_digest(kinds, kind_id))
    tools = _Lazy(lambda name: build.tools(name).digest)
    around = Surroundings(code=code, tools=tools, machine=world.machine())
    session = Session(
        graph=graph,
        kinds=kinds,
        store=store,
        inputs=inputs,
        records=Records(root / STATE / "records.json"),
        around=lambda: around,
        tools=lambda name: build.tools(name),
        execute=Executor(store=store, pool=pool, logs=root / STATE / "logs"),
    )
    build = Build(
        project=project,
        target=target,
        model=model,
        graph=graph,
        session=session,
        settings=settings,
        today=today,
        resources=resources,
    )
    return build


def noop_path(root: Path, target: str, model: str | None) -> Path:
    return root / STATE / "done" / (f"{target}.{model}" if model else target)


class _Lazy(dict[str, str]):
    """A mapping that computes a value when it is first asked for."""

    def __init__(self, compute: Callable[[str], str]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, name: str) -> str:
        self[name] = value = self._compute(name)
        return value


def upstream_ports(variant: Variant) -> Mapping[str, Output]:
    """The ports of a variant that steps make."""
    return {p: r for p, r in variant.ports.items() if isinstance(r, Output)}
