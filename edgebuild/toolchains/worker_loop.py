"""The loop of a worker: a process for each job, its end noticed, nothing left behind."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from edgebuild.toolchains import step_process

# Where a fresh interpreter finds its job and writes how it ended.
JOB_FD, STATUS_FD = 0, 3

_TERMINATION_GRACE_S = 2.0
_PARENT_CHECK_S = 1.0
_STRAY_WAIT_S = 5.0


@dataclass
class Running:
    """A step in progress. Times are of the monotonic clock, in seconds."""

    id: int
    pid: int
    mode: str
    started: float
    deadline: float
    status_fd: int
    status: bytes = b""
    outcome: str = ""
    kill_at: float = float("inf")


class Worker:
    """State of the loop."""

    def __init__(self, setup: dict[str, Any], requests: int, replies: int) -> None:
        self.setup = setup
        self.requests = requests
        self.replies = replies
        self.running: dict[int, Running] = {}
        self.selector = selectors.DefaultSelector()
        self.pending = b""
        self.parent = os.getppid()
        self.wake, self.wake_write = os.pipe()

    def loop(self) -> NoReturn:
        """Never returns."""
        for fd in (self.requests, self.wake, self.wake_write):
            os.set_blocking(fd, False)
        # Only a signal with a handler is written to the pipe; by default this one is ignored.
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        self.selector.register(self.requests, selectors.EVENT_READ)
        self.selector.register(self.wake, selectors.EVENT_READ)
        while os.getppid() == self.parent:
            for key, _ in self.selector.select(self._timeout()):
                if key.fd == self.requests:
                    self._take_requests()
                elif key.fd == self.wake:
                    _read(self.wake)
                else:
                    self._take_status(key.data)
            self._enforce_limits()
            for run in list(self.running.values()):
                self._finish_if_ended(run)
        self._quit()

    def _timeout(self) -> float:
        due = [min(run.deadline, run.kill_at) for run in self.running.values()]
        return max(0.0, min([_PARENT_CHECK_S, *(moment - time.monotonic() for moment in due)]))

    def _take_requests(self) -> None:
        chunk = _read(self.requests)
        if chunk is None:
            return
        if chunk == b"":
            self._quit()
        *lines, self.pending = (self.pending + chunk).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "job" in request:
                self._start(request["id"], request["job"])
            elif run := self.running.get(request["id"]):
                run.outcome = run.outcome or "killed"
                _kill_group(run.pid, signal.SIGKILL)

    def _start(self, number: int, job: dict[str, Any]) -> None:
        status, status_write = os.pipe()
        fresh = threads() > 1 or bool(job["environment"])
        pid = self._spawn(job, status_write) if fresh else self._fork(job, status, status_write)
        os.close(status_write)
        os.set_blocking(status, False)
        now = time.monotonic()
        run = Running(
            id=number,
            pid=pid,
            mode="fresh" if fresh else "fork",
            started=now,
            deadline=now + job["time_limit_s"],
            status_fd=status,
        )
        self.running[number] = run
        self.selector.register(status, selectors.EVENT_READ, run)
        self._reply({"id": number, "pid": pid})

    def _fork(self, job: dict[str, Any], status: int, status_write: int) -> int:
        worker = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.selector.close()
            others = [run.status_fd for run in self.running.values()]
            for fd in (self.requests, self.replies, self.wake, self.wake_write, status, *others):
                os.close(fd)
            step_process.run(job, self.setup, status_write, worker)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)

    def _spawn(self, job: dict[str, Any], status_write: int) -> int:
        with tempfile.TemporaryFile() as file:
            document = {"setup": self.setup, "job": job, "worker": os.getpid()}
            file.write(json.dumps(document).encode())
            file.seek(0)
            flags = ["-s", "-P", *(["-S"] if sys.flags.no_site else [])]
            return os.posix_spawn(
                sys.executable,
                [sys.executable, *flags, sys.argv[0], "--step"],
                step_process.variables(job, self.setup),
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, file.fileno(), JOB_FD),
                    (os.POSIX_SPAWN_DUP2, status_write, STATUS_FD),
                ],
                setsid=True,
            )

    def _take_status(self, run: Running) -> None:
        chunk = _read(run.status_fd)
        run.status += chunk or b""
        if chunk == b"":
            self.selector.unregister(run.status_fd)

    def _enforce_limits(self) -> None:
        now = time.monotonic()
        for run in self.running.values():
            if now >= run.kill_at:
                _kill_group(run.pid, signal.SIGKILL)
                run.kill_at = float("inf")
            elif now >= run.deadline:
                run.outcome = run.outcome or "timeout"
                _kill_group(run.pid, signal.SIGTERM)
                run.deadline = float("inf")
                run.kill_at = now + _TERMINATION_GRACE_S

    def _finish_if_ended(self, run: Running) -> None:
        # Until it is reaped, an ended process keeps its number: the group is really its own.
        if os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return
        seconds = time.monotonic() - run.started
        _kill_group(run.pid, signal.SIGKILL)
        _, wait_status, usage = os.wait4(run.pid, 0)
        del self.running[run.id]
        while chunk := _read(run.status_fd):
            run.status += chunk
        with contextlib.suppress(KeyError):
            self.selector.unregister(run.status_fd)
        os.close(run.status_fd)
        self._clear_strays()
        done = _judge(run, os.waitstatus_to_exitcode(wait_status))
        done |= {"seconds": seconds, "max_rss_bytes": usage.ru_maxrss * 1024, "mode": run.mode}
        self._reply({"id": run.id, "done": done})

    def _clear_strays(self) -> None:
        """Kill what a finished step left behind, so that nothing writes its outputs any more.

        Each step adopts its own orphans while it lives, and this process adopts them afterwards
        (both are subreapers). So a child that is not a running step belongs to a finished one.
        """
        until = time.monotonic() + _STRAY_WAIT_S
        while time.monotonic() < until:
            steps = {run.pid for run in self.running.values()}
            strays = [pid for pid in _children() if pid not in steps]
            if not strays:
                return
            for pid in strays:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            time.sleep(0.001)

    def _reply(self, document: dict[str, Any]) -> None:
        try:
            write(self.replies, document)
        except BrokenPipeError:
            self._quit()

    def _quit(self) -> NoReturn:
        for run in self.running.values():
            _kill_group(run.pid, signal.SIGKILL)
        for run in self.running.values():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(run.pid, 0)
        self.running.clear()
        self._clear_strays()
        os._exit(0)


def _judge(run: Running, code: int) -> dict[str, Any]:
    """How a step ended, from what it said and its exit code (negative: a signal)."""
    said = json.loads(run.status) if run.status.endswith(b"\n") else None
    error = said["error"] if said else None
    if code == 0 and said is None and not run.outcome:
        error = {"type": "Exit", "message": "the process ended before the step did"}
    ok = code == 0 and error is None
    return {
        "status": run.outcome or ("ok" if ok else "error"),
        "exit_code": max(code, 0),
        "signal": max(-code, 0),
        "error": error,
    }


def threads() -> int:
    """How many threads this process has, libraries' own included."""
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - a list of names is enough


def _children() -> list[int]:
    return [int(pid) for pid in Path("/proc/thread-self/children").read_text().split()]


def _kill_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:  # it has not got as far as making its group
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _read(fd: int) -> bytes | None:
    """What there is to read; b"" at the end, None if nothing has come."""
    try:
        return os.read(fd, 1 << 20)
    except BlockingIOError:
        return None


def write(fd: int, document: dict[str, Any]) -> None:
    """One message to the other side."""
    data = json.dumps(document).encode() + b"\n"
    while data:
        data = data[os.write(fd, data) :]
