"""This side of one worker: starting it, handing it jobs, hearing how they ended, ending it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from edgebuild.errors import EdgebuildError
from edgebuild.toolchains.environments import FIXED_VARIABLES, Environment
from edgebuild.toolchains.tools import Tools, edited

_START_LIMIT_S = 300
_CLOSE_LIMIT_S = 10


class WorkerBroken(EdgebuildError):
    """A tool environment whose libraries cannot be loaded, or are not those that were installed."""


class WorkerLost(Exception):
    """A worker that ended while something was expected of it; `Pool` turns it into an answer."""


@dataclass
class WorkerLink:
    """A running worker. All methods may be called from several threads."""

    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    alive: bool = True
    ready: Future[dict[str, Any]] = field(default_factory=Future)
    _waiting: dict[int, Future[dict[str, Any]]] = field(default_factory=dict)
    _groups: dict[int, int] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sending: threading.Lock = field(default_factory=threading.Lock)
    _ears: threading.Thread | None = None

    @staticmethod
    def start(tools: Tools, environment: Environment) -> WorkerLink:
        """A worker that has loaded its libraries; WorkerBroken if it cannot."""
        if sys.platform != "linux":
            raise WorkerBroken("steps run on Linux only", fields={"this is": sys.platform})
        variables = {**FIXED_VARIABLES, **environment.variables}
        # Not -I: it would ignore PYTHONHASHSEED. The environment being ours, these do as well.
        # A Python that is not the environment's own shows the standard library only.
        flags = ["-s", "-P", *([] if environment.form == "venv" else ["-S"])]
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the link
        process = subprocess.Popen(
            [str(tools.python), *flags, str(Path(__file__).with_name("worker_main.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd="/",
            # Libraries that would keep state in a home folder find that it cannot be one.
            env={**variables, "HOME": "/dev/null", "PATH": "/usr/bin:/bin"},
            start_new_session=True,  # Ctrl-C in the terminal is for us to act on
        )
        link = WorkerLink(process, errors)
        link._ears = threading.Thread(target=link._listen, name=f"worker-{tools.name}", daemon=True)
        link._ears.start()
        setup = {
            "preload": environment.preload,
            "variables": variables,
            "tools": str(tools.folder),
        }
        try:
            link._send({"setup": setup})
            if written := edited(tools):  # looked for while it loads its libraries
                raise WorkerBroken(
                    f"tool environment `{tools.name}` was changed after it was made",
                    fields={"changed": str(written), "folder": str(tools.folder)},
                    hint="remove that folder; the environment is then made again",
                )
            link.ready.result(timeout=_START_LIMIT_S)
        except (WorkerLost, TimeoutError) as error:
            link.close()
            raise WorkerBroken(
                f"tool environment `{tools.name}` does not work: {str(error) or 'it is too slow'}",
                fields={"folder": str(tools.folder)},
                # The folder of the main Python is not ours to remove.
                hint=None
                if environment.form == "interpreter"
                else "remove that folder; the environment is then made again",
            ) from error
        except BaseException:
            link.close()
            raise
        return link

    def run(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of `Done`; WorkerLost if the worker ends first."""
        number = next(self._numbers)
        future: Future[dict[str, Any]] = Future()
        with self._lock:
            self._waiting[number] = future
        try:
            self._send({"id": number, "job": job})
            return future.result()
        except KeyboardInterrupt:
            with contextlib.suppress(WorkerLost):
                self._send({"id": number, "stop": True})
            raise
        finally:
            with self._lock:
                self._waiting.pop(number, None)

    def close(self) -> None:
        """End the worker and all its steps; returns when they are gone."""
        self.alive = False
        assert self.process.stdin is not None
        with self._sending, contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(_CLOSE_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._ears is not None:
            self._ears.join()
        self.errors.close()

    def _send(self, document: Mapping[str, Any]) -> None:
        line = json.dumps(document, default=_plain).encode() + b"\n"
        assert self.process.stdin is not None
        try:
            with self._sending:
                self.process.stdin.write(line)
                self.process.stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: closed by us
            raise WorkerLost("its worker has ended") from error

    def _listen(self) -> None:
        """Body of the thread that hears the worker, until it ends; then whoever waits is told."""
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._hear(json.loads(line))
        self.process.wait()
        self.alive = False
        # Its steps died with it, but not what they had started.
        for group in self._groups.values():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        lost = WorkerLost(self._why())
        with self._lock:
            waiting = [*self._waiting.values()]
            self._waiting.clear()
        for future in (*waiting, self.ready):
            if not future.done():
                future.set_exception(lost)

    def _hear(self, message: Mapping[str, Any]) -> None:
        if "ready" in message:
            self.ready.set_result(message["ready"])
        elif "broken" in message:
            self.ready.set_exception(WorkerLost(message["broken"]))
        elif "pid" in message:
            self._groups[message["id"]] = message["pid"]
        else:
            self._groups.pop(message["id"], None)
            with self._lock:
                future = self._waiting.pop(message["id"], None)
            if future is not None:
                future.set_result(message["done"])

    def _why(self) -> str:
        code = self.process.returncode
        how = f"was killed by signal {-code}" if code < 0 else "ended"
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        return f"its worker {how}" + (f": {lines[-1]}" if lines else "")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be sent to a step")
