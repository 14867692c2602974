"""Runs steps in tool environments: one warm worker an environment, a process of its own a step."""

from __future__ import annotations

import contextlib
import importlib.util
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from edgebuild.toolchains.environments import ENVIRONMENTS, Environment
from edgebuild.toolchains.tools import Tools
from edgebuild.toolchains.worker_link import WorkerBroken, WorkerLink, WorkerLost

__all__ = ["Done", "Job", "Pool", "WorkerBroken"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A step to run. Paths are absolute; `folder` exists, is empty and is the step's alone.

    `environment` is all the step gets of environment variables, beyond fixed ones (HOME and TMPDIR
    are `folder`; locale, time zone, hash seed and numbers of threads are constants). A job that
    has any runs in a fresh interpreter, since libraries may read them on import. `modules` are more that
    the step imports, whose packages need not be in the tool environment.
    """

    kind_module: str
    params: Mapping[str, Any]
    facts: Mapping[str, Any]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    folder: str
    log: str
    time_limit_s: int
    threads: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a step ended; nothing it started runs any more.

    status  ok; error: it raised, or its process ended otherwise (see `signal`, `exit_code`);
            timeout: it ran longer than its limit; killed: the pool was closed meanwhile.
    error   `type`, `message` and, if the type is `EdgebuildError`, `fields` and `hint`.
    mode    fork: of the warm worker; fresh: an interpreter of its own.
    """

    status: Literal["ok", "error", "timeout", "killed"]
    exit_code: int = 0
    signal: int = 0
    seconds: float = 0.0
    error: Mapping[str, Any] | None = None
    max_rss_bytes: int = 0
    mode: str = ""


class Pool:
    """Workers are started on first use. `run` may be called from several threads at once."""

    def __init__(self, environments: Mapping[str, Environment] = ENVIRONMENTS) -> None:
        self._environments = environments
        self._lock = threading.Lock()
        self._links: dict[Path, WorkerLink] = {}
        self._starting: dict[Path, threading.Lock] = {}
        self._closed = False

    def run(self, tools: Tools, job: Job) -> Done:
        """Execute a job and wait for its end. WorkerBroken if the environment cannot be used."""
        link = self._link(tools)
        if link is None:
            return Done(status="killed")
        try:
            return Done(**link.run(_document(job)))
        except WorkerLost as lost:
            if self._closed:
                return Done(status="killed")
            return Done(status="error", error={"type": "WorkerLost", "message": str(lost)})

    def warm(
        self,
        tools: Iterable[Tools],
        turn: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        """Start workers in the background, each in a `turn`, for what will be run soon; a fault is told by
        `run`."""

        def start(one: Tools) -> None:
            with contextlib.suppress(WorkerBroken, WorkerLost, OSError), turn():
                self._link(one)

        for one in tools:
            threading.Thread(target=start, args=[one], daemon=True).start()

    def close(self) -> None:
        """Kill every step and worker. Calls of `run` that are waiting return `killed`."""
        with self._lock:
            self._closed = True
            links = list(self._links.values())
            self._links.clear()
        for link in links:
            link.close()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _link(self, tools: Tools) -> WorkerLink | None:
        """The worker of an environment, started if there is none or it died; None once closed."""
        key = tools.folder / tools.name
        with self._lock:
            starting = self._starting.setdefault(key, threading.Lock())
        with starting:
            with self._lock:
                link = self._links.get(key)
                if self._closed:
                    return None
            if link is not None and link.alive:
                return link
            if link is not None:
                link.close()
            link = WorkerLink.start(tools, self._environments[tools.name])
            with self._lock:
                if not self._closed:
                    self._links[key] = link
                    return link
            link.close()
            return None


def _document(job: Job) -> dict[str, Any]:
    """The job, with where the packages of its modules are: one of a third party is not edgebuild's."""
    packages = {}
    for top in {name.partition(".")[0] for name in (job.kind_module, *job.modules)}:
        spec = importlib.util.find_spec(top)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"no module named {top!r}", name=top)
        origin = Path(spec.origin).resolve()
        packages[top] = str(origin.parent if spec.submodule_search_locations else origin)
    return {**vars(job), "packages": packages}
