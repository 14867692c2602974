"""Run one action in a folder of its own and put what it made into the store."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebuild import digest as digests
from edgebuild.action import Action, ActionResult
from edgebuild.digest import Digest
from edgebuild.engine.turn import turn
from edgebuild.errors import EdgebuildError
from edgebuild.step import Step, StepKind
from edgebuild.store import files
from edgebuild.store.store import Store
from edgebuild.toolchains.pool import Done, Job, Pool
from edgebuild.toolchains.provision import Tools

_LOG_LINES = 12
_LONGEST_NAME = 200


class StepFailed(EdgebuildError):
    """A step ended with an error, was killed, ran too long or did not keep to its declaration."""


@dataclass(frozen=True, kw_only=True)
class Executor:
    """`logs` is where the log of a failed step is left for its user; `secrets` gives the variables
    that a kind's `secrets` ask for."""

    store: Store
    pool: Pool
    logs: Path
    threads: int = 1
    secrets: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda wanted: {}

    def __call__(
        self, step: Step, kind: StepKind, module: str, action: Action, tools: Tools
    ) -> ActionResult:
        """BlobLost if an input's blob is gone; StepFailed, with the log's end, for all else."""
        with turn(self.store.root, alone=kind.alone), self._folder(step) as folder:
            inputs = self._lay_out(action, folder / "in")
            for name in ("out", "work"):
                (folder / name).mkdir()
            outputs = {port: folder / "out" / name for port, name in action.outputs.items()}
            log = folder / "log"
            started = time.time()
            done = self.pool.run(
                tools,
                Job(
                    kind_module=module,
                    modules=step.code,
                    # What it sees must be what its key says, and the key knows no order.
                    params=in_order(action.params),
                    facts=in_order(action.facts),
                    inputs={port: str(inputs[port]) for port in sorted(inputs, key=_numbered)},
                    outputs={port: str(path) for port, path in outputs.items()},
                    folder=str(folder / "work"),
                    log=str(log),
                    time_limit_s=kind.time_limit_s,
                    threads=self.threads,
                    environment=self.secrets(kind.secrets),
                ),
            )
            if done.status != "ok":
                raise self._failure(step, kind, done, log)
            self._verify(step, folder / "out", outputs, log)
            return self._record(outputs, log, started, done)

    def warm(self, tools: Iterable[Tools]) -> None:
        """Get the workers of tool environments ready in the background, while nothing runs alone."""
        self.pool.warm(tools, lambda: turn(self.store.root, alone=False))

    def _lay_out(self, action: Action, folder: Path) -> dict[str, Path]:
        """Each input alone in a folder named after its port, under its own file name."""
        inputs: dict[str, Path] = {}
        for port, given in action.inputs.items():
            path = folder / port / given.name
            path.parent.mkdir(parents=True)
            self.store.materialise(given.digest, path)
            inputs[port] = path
        return inputs

    @contextlib.contextmanager
    def _folder(self, step: Step) -> Iterator[Path]:
        folder = files.temporary(self.store.work)
        folder.mkdir()
        try:
            yield folder
        finally:
            with contextlib.suppress(OSError):  # gc tries again
                files.remove(folder)

    def _verify(self, step: Step, folder: Path, outputs: Mapping[str, Path], log: Path) -> None:
        """All declared outputs, as plain files, and nothing else."""
        wanted = {path.name: port for port, path in outputs.items()}
        found = {entry.name: entry for entry in os.scandir(folder)}
        problems = [f"did not write `{wanted[n]}` ({n})" for n in wanted.keys() - found.keys()]
        problems += [
            f"wrote `{n}`, which it does not declare" for n in found.keys() - wanted.keys()
        ]
        problems += [
            f"wrote {name} as something other than a plain file"
            for name, entry in found.items()
            if not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
        ]
        if problems:
            raise StepFailed(
                f"step `{step.id}` {'; '.join(sorted(problems))}",
                position=step.declared_at,
                fields={"kind": step.kind, "log": str(self._keep(step, log))},
                hint="this is a fault of the step kind, not of the manifest",
            )

    def _record(
        self, outputs: Mapping[str, Path], log: Path, started: float, done: Done
    ) -> ActionResult:
        stored: dict[str, Digest] = {}
        for port, path in outputs.items():
            stored[port] = self.store.put_file(path)
        return ActionResult(
            outputs=stored,
            log=self.store.put_file(log) if log.exists() else self.store.put_bytes(b""),
            metadata={
                "started": round(started, 3),
                "seconds": round(done.seconds, 3),
                "max_rss_bytes": done.max_rss_bytes,
            },
        )

    def _failure(self, step: Step, kind: StepKind, done: Done, log: Path) -> StepFailed:
        kept = self._keep(step, log)
        fields: dict[str, Any] = {"step": step.id, "kind": step.kind}
        hint = None
        if done.status == "timeout":
            reason = f"took longer than {kind.time_limit_s} s and was stopped"
        elif done.status == "killed":
            reason = "was stopped because the build was"
        elif done.error is not None:
            reason = str(done.error.get("message") or "failed")
            fields |= dict(done.error.get("fields") or {})
            hint = done.error.get("hint")
        else:
            reason = f"ended with {_how(done)}"
        fields["log"] = str(kept)
        expected = done.error is not None and done.error.get("type") == "EdgebuildError"
        tail = "" if expected else _tail(kept)
        text = f"{step.id}: {reason}" + (f"\n{tail}" if tail else "")
        return StepFailed(text, position=step.declared_at, fields=fields, hint=hint)

    def _keep(self, step: Step, log: Path) -> Path:
        self.logs.mkdir(parents=True, exist_ok=True)
        # `+` is in no name; a name that no file can have is told by its digest.
        name = step.id.replace("/", "+")
        if len(name) > _LONGEST_NAME:
            name = f"{name[:_LONGEST_NAME]}+{digests.of_bytes(name.encode()).hash[:16]}"
        kept = self.logs / f"{name}.log"
        kept.write_bytes(log.read_bytes() if log.exists() else b"")
        return kept


def in_order(value: Any) -> Any:
    """JSON with the keys of each object sorted."""
    if isinstance(value, Mapping):
        return {name: in_order(value[name]) for name in sorted(value)}
    if isinstance(value, list | tuple):
        return [in_order(item) for item in value]
    return value


def _numbered(port: str) -> list[tuple[int, str]]:
    """For sorting: `modules.2` comes before `modules.10`."""
    return [(int(w), "") if w.isdecimal() else (-1, w) for w in port.split(".")]


def verified(path: Path, digest: Digest) -> bool:
    """Whether a file has the content of `digest`; False if it is absent or not a plain file."""
    try:
        if path.is_symlink() or path.stat().st_size != digest.size_bytes:
            return False
        return digests.of_file(path) == digest
    except OSError:
        return False


def _how(done: Done) -> str:
    if done.signal:
        return f"signal {done.signal}"
    return f"exit code {done.exit_code}"


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return "\n".join(f"  | {line}" for line in lines)
