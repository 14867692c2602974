"""The process of one step: it is cut off from the world, runs the step, and says how it went."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.machinery
import importlib.util
import io
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from edgebuild.errors import EdgebuildError, ManyErrors
from edgebuild.params import parse_params
from edgebuild.step import Call, StepKind

# linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_IONBF = 2
_LIBC = ctypes.CDLL(None)
# Bounds what one error can take of a pipe.
_TEXT_LIMIT = 8000
_FIELD_LIMIT = 20


def run(
    job: Mapping[str, Any],
    setup: Mapping[str, Any],
    status_fd: int,
    worker: int,
    *,
    fresh: bool = False,
) -> NoReturn:
    """Execute a job in this process and end it. `status_fd` gets `{"error": ...}`, null if none."""
    _die_with(worker)
    error: dict[str, Any] | None = None
    try:
        _isolate(job)
        if fresh:
            preload(setup)
        _settle(job, setup)
        _execute(job, setup)
    except BaseException as caught:  # SystemExit too: a step ends by returning
        traceback.print_exc()
        error = _document(caught)
    _flush()
    os.write(status_fd, json.dumps({"error": error}).encode() + b"\n")
    os._exit(0 if error is None else 1)


def preload(setup: Mapping[str, Any]) -> None:
    """Import what every step of this environment would."""
    for name in setup["preload"]:
        importlib.import_module(name)


def variables(job: Mapping[str, Any], setup: Mapping[str, Any]) -> dict[str, str]:
    """The whole environment of a step."""
    return {
        "PATH": f"{setup['tools']}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": job["folder"],
        "TMPDIR": job["folder"],
        **setup["variables"],
        **job["environment"],
    }


def become_reaper() -> None:
    """Adopt orphans of the processes below, so that they can be found and killed."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def unbuffer() -> None:
    """Let what C libraries print keep its order with what Python prints, and survive `_exit`."""
    _LIBC.setvbuf(ctypes.c_void_p.in_dll(_LIBC, "stdout"), None, _IONBF, 0)


class _Packages(importlib.machinery.PathFinder):
    """Finds named packages of the main environment, and nothing else that lies beside them."""

    folders: Mapping[str, str] = {}

    @classmethod
    def find_spec(
        cls,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of one of `folders`; below them, Python's own finders do."""
        place = cls.folders.get(fullname) if path is None else None
        if place is None:
            return None
        if place.endswith(".py"):
            return importlib.util.spec_from_file_location(fullname, place)
        return importlib.util.spec_from_file_location(
            fullname, f"{place}/__init__.py", submodule_search_locations=[place]
        )


def _die_with(worker: int) -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != worker:  # it died before this could be noticed
        os._exit(1)


def _isolate(job: Mapping[str, Any]) -> None:
    if os.getsid(0) != os.getpid():  # a spawned process has its session already
        os.setsid()
    become_reaper()
    _redirect(job["log"])
    os.umask(0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir(job["folder"])


def _redirect(log: str) -> None:
    null = os.open("/dev/null", os.O_RDONLY)
    # Appending keeps the lines of several processes apart.
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    for source, fd in ((null, 0), (written, 1), (written, 2)):
        os.dup2(source, fd)
    os.close(null)
    os.close(written)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = _unbuffered(1)
    sys.stderr = _unbuffered(2)


def _unbuffered(fd: int) -> io.TextIOWrapper:
    """Text without any buffer between it and the file, as `python -u` makes it."""
    raw: Any = io.FileIO(fd, "w", closefd=False)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


def _settle(job: Mapping[str, Any], setup: Mapping[str, Any]) -> None:
    """Undo what libraries changed on import: the same state however they were loaded."""
    os.environ.clear()
    os.environ.update(variables(job, setup))
    time.tzset()
    tempfile.tempdir = None
    random.seed(0)
    if numpy_random := sys.modules.get("numpy.random"):
        numpy_random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


def _execute(job: Mapping[str, Any], setup: Mapping[str, Any]) -> None:
    _Packages.folders = job["packages"]
    sys.meta_path.insert(0, _Packages)
    kind: StepKind = importlib.import_module(job["kind_module"]).KIND
    kind.run(
        Call(
            params=parse_params(kind.params, job["params"]),
            facts=job["facts"],
            inputs={port: Path(path) for port, path in job["inputs"].items()},
            outputs={port: Path(path) for port, path in job["outputs"].items()},
            folder=Path(job["folder"]),
            tools=Path(setup["tools"]),
            threads=job["threads"],
        )
    )


def _document(error: BaseException) -> dict[str, Any]:
    """An error as JSON; `type` is `EdgebuildError` for what its user can mend."""
    if isinstance(error, EdgebuildError):
        message = str(error) if isinstance(error, ManyErrors) else error.message
        fields = list(error.fields.items())[:_FIELD_LIMIT]
        return {
            "type": "EdgebuildError",
            "message": message[:_TEXT_LIMIT],
            "fields": {name: str(value)[:_TEXT_LIMIT] for name, value in fields},
            "hint": error.hint and error.hint[:_TEXT_LIMIT],
        }
    lines = traceback.format_exception_only(error)
    return {"type": type(error).__name__, "message": lines[-1].strip()[:_TEXT_LIMIT]}


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    _LIBC.fflush(None)
