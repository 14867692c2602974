"""Calls the QNN driver in a fresh process: QNN keeps state between graphs, and may crash."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import edgebuild
from edgebuild.qnn import QnnError

_LOG_LINES = 5
# edgebuild comes last on the path: beside it lie libraries of another environment.
_START = (
    "import importlib, sys; sys.path.append(sys.argv[1]); "
    "getattr(importlib.import_module(sys.argv[2]), sys.argv[3])(*sys.argv[4:])"
)


class CrashedError(QnnError):
    """QNN took the process down with it."""


def call(module: str, function: str, folder: Path, *arguments: str) -> Any:
    """What `function(folder, *arguments)` of `module` answers by `answer`, or None.

    The same bytes come out whatever this process did before: a graph's tensors are numbered on from
    those of the last. CrashedError, with the end of what was said, if the process does not
    end well.
    """
    root = str(Path(edgebuild.__file__).parents[1])
    log = folder / "log"
    with log.open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _START, root, module, function, str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    answered = folder / "answer.json"
    if done.returncode:
        said = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"code {done.returncode}"
        raise CrashedError(f"QNN crashed ({how})", fields={"last said": " ".join(said)})
    return json.loads(answered.read_text()) if answered.exists() else None


def answer(folder: str, value: Any) -> None:
    """In the other process: what the caller gets, as JSON."""
    (Path(folder) / "answer.json").write_text(json.dumps(value))
