"""A made-up wheel, a lock that pins it, and environments made of them: no network needed."""

from __future__ import annotations

import contextlib
import hashlib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgebuild.toolchains.environments import Environment


class Recorder:
    """A Progress that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    @contextlib.contextmanager
    def download(self, what: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
        yield lambda done_bytes: None


def _make_wheel(folder: Path, name: str, version: str, requires: str = "") -> str:
    """Write a wheel with one module; returns its sha256."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},,\n" for file in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(file, content)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def make_wheel() -> Callable[..., str]:
    return _make_wheel


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A wheel folder with `made` 1.0."""
    _make_wheel(tmp_path / "folder of wheels", "made", "1.0")
    return tmp_path / "folder of wheels"


@pytest.fixture
def made(tmp_path: Path, wheels: Path) -> Environment:
    """An environment of `made` 1.0 alone."""
    sha256 = hashlib.sha256((wheels / "made-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    lock = tmp_path / "made.lock"
    lock.write_text(f"made==1.0 --hash=sha256:{sha256}\n")
    return Environment(name="made", purpose="tests", lock=lock, preload=("made",))
