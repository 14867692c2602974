"""The disk fails at the Nth operation, for every N: a clean error, a valid store, a build that resumes."""

import errno
import os
from pathlib import Path

import pytest
from fakebuild import build
from fakeproject import append, model, project

from edgebuild.errors import EdgebuildError
from edgebuild.store import fsck
from edgebuild.store.store import Store

# What publishing a file goes through; each fails as a full or a broken disk makes it fail.
FAULTS = {
    "fsync": errno.EIO,
    "fchmod": errno.EIO,
    "rename": errno.ENOSPC,
    "open": errno.ENOSPC,
    "mkdir": errno.ENOSPC,
}


class Disk:
    """Counts calls of one function of `os` below a folder, and fails the Nth."""

    def __init__(self, monkeypatch, folder, name, at):
        self.calls, self.at, self.name, self.folder = 0, at, name, str(folder)
        self.real = getattr(os, name)
        monkeypatch.setattr(os, name, self)

    def __call__(self, *arguments, **options):
        if self._ours(arguments):
            self.calls += 1
            if self.calls == self.at:
                code = FAULTS[self.name]
                raise OSError(code, os.strerror(code), str(arguments[0]))
        return self.real(*arguments, **options)

    def _ours(self, arguments):
        first = arguments[0]
        if isinstance(first, int):
            try:
                first = str(Path(f"/proc/self/fd/{first}").readlink())
            except OSError:
                return False
        if self.name == "open" and not arguments[1] & os.O_CREAT:
            return False
        return str(first).startswith(self.folder)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_at_any_operation_is_an_error_and_the_next_build_completes(
    tmp_path_factory, monkeypatch, name
):
    clean = tmp_path_factory.mktemp("clean")
    expected = _built(clean)
    with monkeypatch.context() as patch:
        counted = Disk(patch, tmp_path_factory.getbasetemp(), name, at=0)
        _built(tmp_path_factory.mktemp("counted"))
    assert counted.calls > 5
    step = max(1, counted.calls // 4)  # a sample over the whole build
    for at in range(1, counted.calls + 1, step):
        place = tmp_path_factory.mktemp(f"at{at}")
        with monkeypatch.context() as patch:
            Disk(patch, place, name, at=at)
            try:
                _built(place)
            except (EdgebuildError, OSError) as error:
                assert str(error)
        assert not fsck.check(Store(place / "home/store").open()), f"{name} {at}"
        assert _built(place) == expected, f"{name} {at}"


def _built(place):
    """Content of what is published after a build."""
    (place / "net.txt").write_text("alpha beta")
    ran = build(project(place, model(recipe=(append("end"),))), place / "home")
    for error in ran.errors.values():
        raise error
    artifacts = place / "artifacts"
    return {str(p.relative_to(artifacts)): p.read_bytes() for p in artifacts.rglob("model.upper")}
