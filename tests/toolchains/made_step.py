"""A kind of step for tests of the pool: does what its parameter `act` says."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from edgebuild.errors import EdgebuildError
from edgebuild.step import Call, StepKind, param

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


@dataclass(frozen=True, kw_only=True)
class Params:
    act: str = param("what to do")
    values: tuple[int, ...] = param("numbers", ())


class OutOfRange(EdgebuildError):
    pass


def run(call: Call) -> None:
    globals()[call.params.act](call)


def copy(call: Call) -> None:
    call.outputs["out"].write_bytes(call.inputs["in"].read_bytes())


def tell(call: Call) -> None:
    """All that a step can see of its surroundings."""
    report = {
        "params": [call.params.act, list(call.params.values)],
        "facts": call.facts,
        "threads": call.threads,
        "tools": str(call.tools),
        "folder": str(call.folder),
        "environment": dict(os.environ),
        "cwd": str(Path.cwd()),
        "stdin": sys.stdin.read(),
        "umask": os.umask(0),
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "session": os.getsid(0) == os.getpid(),
        "hash": hash("edgebuild"),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "modules": sorted(sys.modules),
        "pid": os.getpid(),
    }
    call.outputs["out"].write_text(json.dumps(report))


def speak(call: Call) -> None:
    print("first")
    os.system("echo second")
    print("third", file=sys.stderr)
    ctypes.CDLL(None).printf(b"fourth\n")
    print("fifth", end="")


def refuse(call: Call) -> None:
    raise OutOfRange("too far", fields={"limit": "3"}, hint="go nearer")


def fail(call: Call) -> None:
    raise ValueError("what\nhappened")


def leave(call: Call) -> None:
    sys.exit(0)


def vanish(call: Call) -> None:
    os._exit(0)


def crash(call: Call) -> None:
    ctypes.string_at(0)


def need_rich(call: Call) -> None:
    import rich  # noqa: F401


def preloaded(call: Call) -> None:
    import made_library

    call.outputs["out"].write_text(str(made_library.LOADED_BY))


def draw(call: Call) -> None:
    drawn = [random.random(), sys.modules["numpy.random"].draw(), sys.modules["torch"].draw()]
    call.outputs["out"].write_text(str(drawn))


def meet(call: Call) -> None:
    """Ends only if the other one runs at the same time."""
    call.outputs["out"].write_text("here")
    other = call.outputs["out"].with_name(call.facts["other"])
    while not other.exists():
        time.sleep(0.005)


def family(call: Call) -> None:
    """Children that would outlive it: an ordinary one, one that ignores SIGTERM, a daemon."""
    pids = [
        subprocess.Popen(SLEEP).pid,
        subprocess.Popen([*SLEEP[:-1], STUBBORN]).pid,
        subprocess.Popen(SLEEP, start_new_session=True).pid,
        _daemon(),
    ]
    call.outputs["out"].with_suffix(".new").write_text(json.dumps([os.getpid(), *pids]))
    call.outputs["out"].with_suffix(".new").rename(call.outputs["out"])
    if call.params.values:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)


def thread(call: Call) -> None:
    done = threading.Event()
    threading.Thread(target=done.set).start()
    assert done.wait(5)


def quick(call: Call) -> None:
    pass


def _daemon() -> int:
    """A grandchild in a session of its own whose parent has ended, as daemons are made."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        pid = os.fork()
        if pid:
            os.write(write, str(pid).encode())
            os._exit(0)
        with contextlib.suppress(BaseException):
            time.sleep(60)
        os._exit(0)
    os.wait()
    return int(os.read(read, 20))


KIND = StepKind(role="pass", run=run, tools="python", produces={"out": "out"}, params=Params)
