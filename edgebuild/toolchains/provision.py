"""Makes a tool environment from its lock on first use, or fills a folder with its wheels.

An environment is made at its final place, because a virtual environment cannot be moved, under a
lock on a file beside it. The marker that makes it count is written last (`tools.record`); whatever
lies there without a marker is what an interrupted run left, and is removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from edgebuild import digest as digests
from edgebuild.errors import EdgebuildError
from edgebuild.toolchains import licenses
from edgebuild.toolchains import pip as pips
from edgebuild.toolchains.environments import Environment
from edgebuild.toolchains.pip import Pip, PipFailed
from edgebuild.toolchains.progress import Progress
from edgebuild.toolchains.tools import Tools, Wheel, forget, lock_of, place_of, present, record

__all__ = ["ProvisioningFailed", "Tools", "ensure", "fill", "present"]

_FROM_LOCK = ("--require-hashes", "--no-deps", "--only-binary=:all:")
_NOT_INSTALLED = re.compile(r"\S+ \S+ requires (\S+), which is not installed\.$")

# One requirement of a lock as uv writes it: a line, and a line a hash.
_BLOCK = re.compile(r"^\S.*\\\n(?:    --hash=.*\n)+", re.MULTILINE)


class ProvisioningFailed(EdgebuildError):
    """A tool environment that could not be made. Nothing of it counts."""


def ensure(
    environment: Environment,
    folder: Path,
    *,
    accept: frozenset[str],
    wheelhouse: Path | None = None,
    progress: Progress,
) -> Tools:
    """The environment under `folder`, made now if it is not there. A second process waits.

    `accept` has the ids of the licences its user accepted; one that was accepted when the
    environment was made is not asked for again. With `wheelhouse`, wheels come from that
    folder alone. LicenseNotAccepted, PipFailed or ProvisioningFailed otherwise.
    """
    found = present(environment, folder)
    if found is not None:
        return found
    _require_machine(environment)
    licenses.require(environment.name, environment.license, accept)
    place = place_of(environment, folder)
    with _os_errors(environment), _alone(place, progress) as held:
        found = present(environment, folder)
        if found is not None:
            return found
        forget(place)
        progress.say(_announcement(environment, place, wheelhouse))
        try:
            scratch = place / ".scratch"
            scratch.mkdir(parents=True)
            pip = Pip(command=_pip(scratch), scratch=scratch, held=held, wheelhouse=wheelhouse)
            make = _venv if environment.form == "venv" else _unzipped
            wheels = make(environment, place, pip, progress)
            shutil.rmtree(scratch)
            return record(environment, place, wheels)
        except BaseException:
            forget(place)
            raise


def fill(
    environment: Environment, wheelhouse: Path, *, accept: frozenset[str], progress: Progress
) -> None:
    """Download the environment's wheels, for this Python and machine, into a folder."""
    if environment.form == "interpreter":
        return
    licenses.require(environment.name, environment.license, accept)
    with _os_errors(environment):
        wheelhouse.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=wheelhouse, prefix=".scratch-") as name:
            pip = Pip(command=_pip(Path(name)), scratch=Path(name))
            _download(environment, wheelhouse, pip, progress)


def _venv(environment: Environment, place: Path, pip: Pip, progress: Progress) -> list[Wheel]:
    import venv

    # Without pip of its own: what is in it is what the lock says and nothing else.
    venv.EnvBuilder(symlinks=True, with_pip=False).create(place)
    python = place / "bin" / "python"
    report = pip.scratch / "report.json"
    into = ("--no-user", "--ignore-installed", "--no-warn-script-location", f"--report={report}")
    _run(environment, pip, progress, "install", *into, python=python)
    _check(environment, pip, python)
    return _reported(report)


def _unzipped(environment: Environment, place: Path, pip: Pip, progress: Progress) -> list[Wheel]:
    folder = pip.scratch / "wheels"
    _download(environment, folder, pip, progress)
    wheels: list[Wheel] = []
    for path in sorted(folder.glob("*.whl")):
        name, version = path.name.split("-")[:2]
        with zipfile.ZipFile(path) as archive:
            archive.extractall(place)
        wheels.append(Wheel(name=_normal(name), version=version, sha256=digests.of_file(path).hash))
    return wheels


def _download(environment: Environment, folder: Path, pip: Pip, progress: Progress) -> None:
    _run(environment, pip, progress, "download", f"--dest={folder}")


def _run(
    environment: Environment,
    pip: Pip,
    progress: Progress,
    verb: Literal["install", "download"],
    *arguments: str,
    python: Path | None = None,
) -> None:
    """pip on the environment's lock, with progress; PipFailed with the environment's name."""
    locked = (*_FROM_LOCK, *environment.pip_options, *_requirements(environment, pip))
    with progress.download(environment.name, environment.download_bytes) as reach:
        try:
            pip.run(
                verb,
                *arguments,
                *locked,
                python=python,
                say=lambda line: progress.say(f"  {environment.name}: {line}"),
                reach=reach,
            )
        except PipFailed as error:
            raise PipFailed(
                f"tool environment `{environment.name}`: {error.summary}",
                hint=_hint(environment, pip, error),
                reason=error.reason,
                output=error.output,
            ) from error


def _requirements(environment: Environment, pip: Pip) -> tuple[str, ...]:
    """The lock. pip fetches in the order it is asked, so what may be missing is asked for first."""
    assert environment.lock is not None
    blocks = _BLOCK.findall(environment.lock.read_text())
    first = [block for block in blocks if block.partition("==")[0] in environment.scarce]
    if not first:
        return (f"--requirement={environment.lock}",)
    (pip.scratch / "first.txt").write_text("".join(first))
    return (f"--requirement={pip.scratch / 'first.txt'}", f"--requirement={environment.lock}")


def _hint(environment: Environment, pip: Pip, error: PipFailed) -> str:
    fill_command = f"EDGEBUILD_WHEELS=FOLDER doit tools env={environment.name} --fill"
    if error.reason == "absent" and pip.wheelhouse is None and environment.absent_hint:
        return environment.absent_hint
    if error.reason == "network" or (error.reason == "absent" and pip.wheelhouse is not None):
        return f"{error.hint}: `{fill_command}`"
    return error.hint or ""


def _check(environment: Environment, pip: Pip, python: Path) -> None:
    """Every package finds the others it needs, but for those left out on purpose."""
    try:
        pip.run("check", python=python)
    except PipFailed as error:
        if not error.output or not all(_on_purpose(environment, line) for line in error.output):
            raise PipFailed(
                f"tool environment `{environment.name}`: its packages do not fit together",
                hint="this is a fault of edgebuild's lock file, please report it",
                output=error.output,
            ) from error


def _on_purpose(environment: Environment, line: str) -> bool:
    found = _NOT_INSTALLED.match(line)
    return found is not None and _normal(found[1]) in environment.left_out


def _reported(report: Path) -> list[Wheel]:
    """What pip says it installed, with the hash of each wheel."""
    document: dict[str, Any] = json.loads(report.read_bytes())
    wheels: list[Wheel] = []
    for item in document["install"]:
        archive = item["download_info"]["archive_info"]
        # pip before 23.1 wrote `hash` only.
        sha256 = archive.get("hashes", {}).get("sha256") or archive["hash"].partition("=")[2]
        metadata = item["metadata"]
        wheels.append(
            Wheel(name=_normal(metadata["name"]), version=metadata["version"], sha256=sha256)
        )
    return sorted(wheels, key=lambda wheel: wheel.name)


def _pip(scratch: Path) -> tuple[str, ...]:
    """The running interpreter's pip, or a temporary one where it has none (uv makes such)."""
    own = pips.find()
    if own is not None:
        return own
    import subprocess
    import venv

    try:
        venv.EnvBuilder(symlinks=True, with_pip=True).create(scratch / "pip")
    except subprocess.CalledProcessError as error:
        raise ProvisioningFailed(
            f"{sys.executable} has no pip and cannot make one",
            hint="install pip into the Python environment that edgebuild runs in",
        ) from error
    return (str(scratch / "pip" / "bin" / "python"), "-I", "-m", "pip")


@contextlib.contextmanager
def _alone(place: Path, progress: Progress) -> Iterator[int]:
    """Hold the lock of a place; yields its descriptor. Removing the lock file would be a race."""
    place.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(lock_of(place), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"waiting for another build that is making {place.name}")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield held
    finally:
        os.close(held)


@contextlib.contextmanager
def _os_errors(environment: Environment) -> Iterator[None]:
    try:
        yield
    except (OSError, zipfile.BadZipFile) as error:
        raise ProvisioningFailed(
            f"tool environment `{environment.name}` cannot be made: {error}",
            hint="check that the folder for tools is writable and its disk has room",
        ) from error


def _require_machine(environment: Environment) -> None:
    here = f"{sys.platform}-{platform.machine()}"
    if environment.machines and here not in environment.machines:
        raise ProvisioningFailed(
            f"tool environment `{environment.name}` cannot run on this machine",
            fields={"it runs on": ", ".join(environment.machines), "this is": here},
        )
    if absent := [name for name in environment.libraries if not _loads(name)]:
        packages = " ".join(environment.libraries[name] for name in absent)
        raise ProvisioningFailed(
            f"tool environment `{environment.name}` needs {', '.join(absent)}, which this system lacks",
            hint=f"install what has it: `apt-get install {packages}` on Debian and Ubuntu",
        )


def _loads(library: str) -> bool:
    import ctypes

    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _announcement(environment: Environment, place: Path, wheelhouse: Path | None) -> str:
    source = (
        f"from {wheelhouse}"
        if wheelhouse
        else f"once, about {environment.download_bytes / 1e6:.0f} MB to download"
    )
    return f"tool environment `{environment.name}` ({environment.purpose}): {source}; into {place}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
