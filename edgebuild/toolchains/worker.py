"""Runs steps inside a tool environment: imports the libraries once and forks a process per step.

`worker_link` starts it with the environment's Python and talks to it in lines of JSON:

    in    {"setup": {...}}           once: what to preload and what every step gets
    out   {"ready": {...}}           or {"broken": "..."} and the end
    in    {"id": 1, "job": {...}}    run a step
    out   {"id": 1, "pid": 4711}     it has started, in a session of its own
    in    {"id": 1, "stop": true}    kill it
    out   {"id": 1, "done": {...}}   it ended, and nothing it started is left

A fork of a process that has threads can hang in locks nobody will release. So where a library
started one on import, and for jobs with environment variables (which libraries read on import), the
step gets a fresh interpreter instead, which imports everything again.

When the other side goes away, be it by SIGKILL, all steps are killed. Only the standard library is
imported here, as the environment need not have anything else. Linux only.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import time
import traceback
from typing import Any, NoReturn

from edgebuild.toolchains import step_process
from edgebuild.toolchains.worker_loop import JOB_FD, STATUS_FD, Worker, threads, write


def main() -> NoReturn:
    """Set up, say so, work until the other side goes away."""
    # Libraries may print on import: the real standard output is for the protocol alone.
    requests, replies = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (0, 1))
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    step_process.become_reaper()
    step_process.unbuffer()
    setup = _first_line(requests)["setup"]
    started = time.monotonic()
    try:
        step_process.preload(setup)
    except BaseException as error:
        traceback.print_exc()
        write(replies, {"broken": f"{type(error).__name__}: {error}"})
        os._exit(1)
    gc.collect()
    gc.freeze()  # forks then do not touch, and so do not copy, what is there already
    write(replies, {"ready": {"threads": threads(), "seconds": time.monotonic() - started}})
    Worker(setup, requests, replies).loop()


def one_step() -> NoReturn:
    """The life of a fresh interpreter: one job, then the end."""
    with os.fdopen(os.dup(JOB_FD), "rb") as file:
        document = json.loads(file.read())
    os.set_inheritable(STATUS_FD, False)
    step_process.unbuffer()
    step_process.run(document["job"], document["setup"], STATUS_FD, document["worker"], fresh=True)


def _first_line(fd: int) -> Any:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(fd, 1)
        if not byte:
            os._exit(0)
        line += byte
    return json.loads(line)
