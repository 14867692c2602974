"""doit's reporter for edgebuild: a line a step, errors whole, the outcome last."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

# Ends of the names of subtasks that judge what others made.
_JUDGED = ("/publish", "/budget")


class Console:
    """Speaks only of tasks of a build; other tasks print for themselves.

    `hooks.build` is set while a build's graph is being run.
    """

    desc = "edgebuild's own"

    def __init__(self, outstream: Any, options: Any) -> None:
        self.out = outstream
        self.total = 0
        self.done = 0
        self.restored = 0
        self.built = 0
        self.failed: list[str] = []
        self.skipped: list[str] = []
        self.started: dict[str, float] = {}
        self.begun = time.monotonic()
        self.lock = threading.Lock()
        self.told = False
        sys.excepthook = self._uncaught
        for stream in (outstream, sys.stdout, sys.stderr):
            # Manifests may say what the user's terminal has no letters for.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")

    def initialize(self, tasks: Any, selected_tasks: Any) -> None:
        self.begun = time.monotonic()

    def get_status(self, task: Any) -> None:
        pass

    def execute_task(self, task: Any) -> None:
        name = _step(task)
        if name is None:
            return
        self.started[task.name] = time.monotonic()
        if _is_work(task) and self.out.isatty():
            self._status(f"{self._count()} running  {name}")

    def skip_uptodate(self, task: Any) -> None:
        if _step(task) is not None:
            self.done += 1
            if _is_work(task):
                self.restored += 1

    def skip_ignore(self, task: Any) -> None:
        self._line(f"ignored {task.name} (`doit forget` undoes it)")

    def add_success(self, task: Any) -> None:
        name = _step(task)
        if name is None or name == "artifacts":
            return
        self.done += 1
        seconds = time.monotonic() - self.started.get(task.name, time.monotonic())
        if _is_work(task):
            if task.values.get("how") == "restored":  # another build made it meanwhile
                self.restored += 1
            else:
                self.built += 1
                self._line(f"{self._count()} built    {name}  {seconds:.1f} s")
        elif name.endswith(_JUDGED):
            self._line(f"{self._count()} accepted {name.removesuffix('/publish')}")

    def add_failure(self, task: Any, fail: Any) -> None:
        from doit.exceptions import UnmetDependency

        name = _step(task) or task.name
        self.done += 1
        if isinstance(fail, UnmetDependency):
            self.skipped.append(name)
            return
        self.failed.append(name)
        text = fail.get_msg() if fail.traceback else fail.message
        count = self._count()
        # Before there is a graph, nothing has a place in it.
        self._line(f"{count} FAILED   {name}" if _step(task) and self.total else "")
        self._line(text.rstrip())

    def cleanup_error(self, exception: Any) -> None:
        sys.stderr.write(exception.get_msg())

    def runtime_error(self, msg: str) -> None:
        self._line(f"error: {msg}")
        self.failed.append(msg)

    def teardown_task(self, task: Any) -> None:
        pass

    def complete_run(self) -> None:
        self._status("")
        if hooks.complete is None:
            return
        complete, hooks.complete = hooks.complete, None
        stopped = sys.exc_info()[0] is not None
        summary = complete(not (self.failed or self.skipped or stopped))
        seconds = time.monotonic() - self.begun
        counts = f"{self.built} built, {self.restored} restored"
        if stopped:
            self.told = True
            self._line(f"interrupted; {counts}; what is done stays done; {seconds:.1f} s")
        elif self.failed:
            left = self.total - self.done
            untried = f", {left} not tried (`doit --continue` does)" if left > 0 else ""
            self._line(
                f"FAILED: {len(self.failed)} of {self.total} failed"
                f", {len(self.skipped)} could not run{untried}; {counts}; {seconds:.1f} s"
            )
            for name in self.failed:
                self._line(f"  {name}")
        else:
            self._line(
                f"ok: {summary}; {counts}; {seconds:.1f} s" if self.total else f"ok: {summary}"
            )

    def _uncaught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Who presses Ctrl-C knows why it stops: no traceback. doit lets the exception through, and the
        exit status is that of the signal."""
        if not issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        elif not self.told:
            self._line("interrupted")

    def _count(self) -> str:
        self.total = max(self.total, hooks.total)
        width = len(str(self.total))
        return f"[{self.done:>{width}}/{self.total}]"

    def _status(self, text: str) -> None:
        """A line that the next one overwrites; only where a person watches."""
        if self.out.isatty():
            with self.lock:
                self.out.write(f"\r\x1b[K{text[:120]}")
                self.out.flush()

    def _line(self, text: str) -> None:
        if not text:
            return
        with self.lock, contextlib.suppress(BrokenPipeError):  # `doit ... | head`
            clear = "\r\x1b[K" if self.out.isatty() else ""
            self.out.write(f"{clear}{text}\n")
            self.out.flush()


class _Hooks:
    """What the tasks tell the reporter, which doit makes without arguments of ours."""

    total: int = 0
    complete: Callable[[bool], str] | None = None


hooks = _Hooks()


def _step(task: Any) -> str | None:
    name: str = task.name
    return name.removeprefix("build:") if name.startswith("build:") else None


def _is_work(task: Any) -> bool:
    name = _step(task) or ""
    return name not in ("tools", "artifacts") and not name.endswith(_JUDGED)
