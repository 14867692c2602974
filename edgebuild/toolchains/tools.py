"""A tool environment that is there: where it is, how it is recognised, the digest that names it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebuild import digest as digests
from edgebuild.toolchains.environments import FIXED_VARIABLES, Environment

MARKER = "edgebuild-environment.json"


@dataclass(frozen=True, kw_only=True)
class Tools:
    """An environment in use. `digest` enters action keys: it covers the lock, the Python, what was
    really installed, and the variables its processes have.

    `folder` is what a step sees as `call.tools`; `python` runs the step. `installed` maps each
    distribution to its version.
    """

    name: str
    folder: Path
    python: Path
    digest: str
    installed: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel that was installed; `sha256` is of the wheel file."""

    name: str
    version: str
    sha256: str


def present(environment: Environment, folder: Path) -> Tools | None:
    """The environment under `folder` if it is complete and unchanged. Reads two small files and
    lists one folder; starts nothing."""
    if environment.form == "interpreter":
        return _interpreter(environment)
    place = place_of(environment, folder)
    try:
        marker = json.loads((place / MARKER).read_bytes())
        wheels = [Wheel(**row) for row in marker["wheels"]]
        complete = marker == _marker(environment, place, wheels)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    tools = _tools(environment, place, wheels)
    # The Python a venv points to may have been removed; a link to nothing does not exist.
    return tools if complete and tools.python.exists() else None


def record(environment: Environment, place: Path, wheels: list[Wheel]) -> Tools:
    """Declare the environment at `place` complete; nothing counts before this."""
    temporary = place / f"{MARKER}.new"
    with temporary.open("w") as file:
        json.dump(_marker(environment, place, wheels), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(place / MARKER)
    return _tools(environment, place, wheels)


def edited(tools: Tools) -> Path | None:
    """A file of an environment that was written after the environment was complete: what its digest says is
    not what would run. Python's own cache does not count, and in the main Python nothing does."""
    try:
        complete = (tools.folder / MARKER).stat().st_mtime_ns
    except OSError:
        return None
    todo = [str(tools.folder)]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        todo.append(entry.path)
                elif entry.stat(follow_symlinks=False).st_mtime_ns > complete:
                    return Path(entry.path)
    return None


def forget(place: Path) -> None:
    """Remove what lies at `place`, if anything; it stops counting before anything else goes."""
    (place / MARKER).unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)


def place_of(environment: Environment, folder: Path) -> Path:
    """Where the environment is or will be: another lock or Python is another place."""
    name = digests.of_json([_lock_digest(environment), python_tag()]).hash[:16]
    return folder / f"{environment.name}-{name}"


def lock_of(place: Path) -> Path:
    """The file that is locked while an environment is made or removed, and touched when it is used."""
    return place.with_name(f".{place.name}.lock")


def python_tag() -> str:
    """The running Python and machine, as far as wheels and steps can tell them apart."""
    version = platform.python_version()
    return f"{sys.implementation.name}-{version}-{sys.platform}-{platform.machine()}"


def _interpreter(environment: Environment) -> Tools:
    # Steps are started without site-packages, so the version is all there is to it.
    content = {"environment": environment.name, "python": python_tag()}
    return Tools(
        name=environment.name,
        folder=Path(sys.prefix),
        python=Path(sys.executable),
        digest=digests.of_json([content, _variables(environment)]).hash,
        installed={},
    )


def _tools(environment: Environment, place: Path, wheels: list[Wheel]) -> Tools:
    own_python = environment.form == "venv"
    content = _content(environment, wheels)
    return Tools(
        name=environment.name,
        folder=place,
        python=place / "bin" / "python" if own_python else Path(sys.executable),
        digest=digests.of_json([content, _variables(environment)]).hash,
        installed={wheel.name: wheel.version for wheel in wheels},
    )


def _content(environment: Environment, wheels: list[Wheel]) -> dict[str, Any]:
    return {
        "environment": environment.name,
        "lock": _lock_digest(environment),
        "python": python_tag(),
        "wheels": [vars(wheel) for wheel in wheels],
    }


def _marker(environment: Environment, place: Path, wheels: list[Wheel]) -> dict[str, Any]:
    content = _content(environment, wheels)
    # The seal tells a marker that someone edited, or a disk changed.
    seal = digests.of_json(content).hash
    return {**content, "seal": seal, "distributions": _distributions(environment, place)}


def _variables(environment: Environment) -> dict[str, str]:
    return {**FIXED_VARIABLES, **environment.variables}


def _lock_digest(environment: Environment) -> str:
    assert environment.lock is not None, f"`{environment.name}` has no lock"
    return digests.of_file(environment.lock).hash


def _distributions(environment: Environment, place: Path) -> list[str]:
    """What is installed, by the names of its metadata folders; shows what anyone added since."""
    if environment.form == "venv":
        major, minor = sys.version_info[:2]
        place = place / "lib" / f"python{major}.{minor}" / "site-packages"
    with os.scandir(place) as entries:
        return sorted(entry.name for entry in entries if entry.name.endswith(".dist-info"))
