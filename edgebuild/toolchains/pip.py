"""Runs pip, shows what it downloads, and turns its failures into errors that say what to do."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import selectors
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgebuild.errors import EdgebuildError

# Settings of the user's shell that would send the wheels elsewhere or change what is asked for.
# Where pip looks for wheels (indexes, folders, certificates, proxies) stays the user's.
_UNSET = (
    *("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON", "PIP_REQUIREMENT"),
    *("PIP_CONSTRAINT", "PIP_DRY_RUN", "PIP_REPORT", "PIP_IGNORE_INSTALLED", "PIP_NO_BINARY"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE"),
)
_PLAIN = ("--disable-pip-version-check", "--no-input", "--no-color")
_FETCH = re.compile(r"(?:Downloading|Using cached) \S*?([^/\s]+)\.whl \(([^)]+)\)")
_CREDENTIALS = re.compile(r"(\w+://)[^/@\s]+@")
_TAIL_LINES = 8
_LINE_WIDTH = 300
_TICK_S = 0.2

Reason = Literal["hash", "absent", "network", "disk", "other"]


class PipFailed(EdgebuildError):
    """pip could not do what was asked. `output` has its last lines."""

    def __init__(
        self, message: str, *, hint: str, reason: Reason = "other", output: Sequence[str] = ()
    ) -> None:
        self.summary = message
        self.reason = reason
        self.output = tuple(output)
        super().__init__("\n".join([message, *(f"  | {line}" for line in output)]), hint=hint)


@dataclass(frozen=True, kw_only=True)
class Pip:
    """pip, working for one environment.

    `command` starts it. It unpacks in `scratch`, where downloads are counted. `held` is a file
    descriptor it keeps open: a lock on it outlives us if we are killed while pip still writes.
    With `wheelhouse`, wheels come from that folder and nowhere else.
    """

    command: tuple[str, ...]
    scratch: Path
    held: int | None = None
    wheelhouse: Path | None = None

    def run(
        self,
        verb: Literal["install", "download", "check"],
        *arguments: str,
        python: Path | None = None,
        say: Callable[[str], None] = lambda line: None,
        reach: Callable[[int], None] = lambda done_bytes: None,
    ) -> None:
        """Return if pip succeeds; PipFailed otherwise.

        `python` is the interpreter of the environment to work on. `say` gets a line a
        wheel, `reach` the bytes downloaded so far.
        """
        target = ("--python", str(python)) if python else ()
        command = [*self._start(), *target, verb, *arguments, *_PLAIN, *self._sources(verb)]
        try:
            code, lines = self._follow(command, say, reach)
        except OSError as error:
            raise PipFailed(f"pip cannot be started: {error}", hint="is pip installed?") from error
        if code != 0:
            raise _explain(verb, lines, self.wheelhouse)

    def _start(self) -> list[str]:
        # Through env(1), so that nothing here reads the user's environment; pip inherits it.
        unset = [word for name in _UNSET for word in ("-u", name)]
        isolated = ("PIP_CONFIG_FILE=/dev/null",) if self.wheelhouse else ()
        return ["env", *unset, f"TMPDIR={self.scratch}", *isolated, *self.command]

    def _sources(self, verb: str) -> tuple[str, ...]:
        if verb == "check":
            return ()
        if self.wheelhouse is None:
            return ("--progress-bar=off",)
        return ("--isolated", "--no-index", "--find-links", str(self.wheelhouse))

    def _follow(
        self, command: Sequence[str], say: Callable[[str], None], reach: Callable[[int], None]
    ) -> tuple[int, list[str]]:
        lines: list[str] = []
        with (
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=() if self.held is None else (self.held,),
            ) as process,
            selectors.DefaultSelector() as selector,
        ):
            assert process.stdout is not None
            selector.register(process.stdout, selectors.EVENT_READ)
            pending = b""
            try:
                while True:
                    if selector.select(_TICK_S):
                        chunk = os.read(process.stdout.fileno(), 65536)
                        if not chunk:
                            break
                        *complete, pending = (pending + chunk).split(b"\n")
                        for raw in complete:
                            lines.append(_clean(raw))
                            if found := _FETCH.search(lines[-1]):
                                say(f"{_short(found[1])} ({found[2]})")
                    reach(_downloaded(self.scratch))
            except BaseException:
                process.terminate()
                raise
        return process.returncode, [*lines, _clean(pending)]


def find() -> tuple[str, ...] | None:
    """The command that starts the running interpreter's own pip, or None if it has none."""
    spec = importlib.util.find_spec("pip")
    if spec is None or spec.origin is None:
        return None
    # By its folder, so that -I does not hide one installed for the user alone.
    return (sys.executable, "-I", str(Path(spec.origin).parent))


def _explain(verb: str, lines: list[str], wheelhouse: Path | None) -> PipFailed:
    text = "\n".join(lines)
    reason: Reason = "other"
    message, hint = f"`pip {verb}` failed", "the lines above are pip's own"
    if "DO NOT MATCH THE HASHES" in text:
        reason = "hash"
        message = "a wheel is not the one that the lock pins; nothing was installed"
        hint = (
            "whatever pip takes it from serves other bytes than when the lock was made; "
            "look at `pip config list`, and do not use that wheel before you know why"
        )
    elif wheelhouse is not None and "No matching distribution" in text:
        reason = "absent"
        message = f"the wheel folder {wheelhouse} lacks a wheel"
        hint = "on a machine with a network and the same Python and edgebuild, fill it again"
    elif re.search(r"Retrying \(|ConnectionError|ProxyError|SSLError|timed out", text):
        reason = "network"
        message = "pip cannot reach the place it takes wheels from"
        hint = (
            "check the network and `pip config list`; where there is no network, use a wheel "
            "folder that was filled on a machine with one"
        )
    elif "No matching distribution" in text:
        reason = "absent"
        message = "pip finds no wheel for this Python and machine"
        hint = "look at `pip config list`: where pip takes wheels from has other versions only"
    elif "No space left" in text:
        reason = "disk"
        message = "the disk is full"
        hint = "make room; what was half installed has been removed"
    return PipFailed(message, hint=hint, reason=reason, output=_telling(lines))


def _telling(lines: list[str]) -> list[str]:
    """The lines that say what went wrong: from the first error on, else the last ones."""
    lines = [textwrap.shorten(line, _LINE_WIDTH, placeholder=" ...") for line in lines if line]
    first = next((i for i, line in enumerate(lines) if line.startswith("ERROR")), None)
    if first is None:
        return lines[-_TAIL_LINES:]
    retried = [line for line in lines[:first] if "Retrying (" in line]
    return [*retried[-1:], *lines[first : first + _TAIL_LINES]]


def _clean(raw: bytes) -> str:
    return _CREDENTIALS.sub(r"\1***@", raw.decode(errors="replace").rstrip())


def _short(wheel: str) -> str:
    """`numpy-2.4.6-cp311-...` as `numpy 2.4.6`."""
    return " ".join(wheel.split("-")[:2])


def _downloaded(scratch: Path) -> int:
    """Bytes of the wheels that pip is fetching or has fetched; it removes some meanwhile."""
    total = 0
    for folder, _, names in os.walk(scratch):  # os.walk skips what vanishes, glob raises
        for name in names:
            if name.endswith(".whl"):
                with contextlib.suppress(OSError):
                    total += os.stat(f"{folder}/{name}").st_size
    return total
