"""Outdated environments go when nobody has used them for long, and no other ones."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import pytest

from edgebuild.toolchains import environments
from edgebuild.toolchains.tools import MARKER, place_of
from edgebuild.toolchains.unused import Outdated, note_use, remove

DAY = 86_400
OLD = "onnx-0123456789abcdef"


def made(place: Path, *, used_days_ago: float, read_days_ago: float | None = None) -> Path:
    """An environment of 100 bytes and a marker of 10, used then; read then, by one that notes no use."""
    used = time.time() - used_days_ago * DAY
    read = used if read_days_ago is None else time.time() - read_days_ago * DAY
    (place / "lib").mkdir(parents=True)
    (place / "lib/module.py").write_bytes(b"#" * 100)
    (place / MARKER).write_bytes(b"{" * 10)
    lock = place.with_name(f".{place.name}.lock")
    lock.touch()
    os.utime(place / MARKER, (read, used))
    os.utime(lock, (used, used))
    return place


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def gone(folder: Path) -> list[Outdated]:
    return remove(folder, now_s=time.time())


def test_one_that_nobody_used_for_30_days_goes(tmp_path: Path) -> None:
    made(tmp_path / OLD, used_days_ago=30.5)
    assert gone(tmp_path) == [Outdated(name=OLD, days=30, size_bytes=110, removed=True)]
    assert left(tmp_path) == []
    assert gone(tmp_path) == []


def test_one_that_another_checkout_used_lately_stays(tmp_path: Path) -> None:
    made(tmp_path / OLD, used_days_ago=29.5)
    assert gone(tmp_path) == [Outdated(name=OLD, days=29, size_bytes=110, removed=False)]
    assert left(tmp_path) == [OLD]


def test_a_use_is_remembered(tmp_path: Path) -> None:
    note_use(made(tmp_path / OLD, used_days_ago=400))
    assert [(one.days, one.removed) for one in gone(tmp_path)] == [(0, False)]


def test_a_version_that_notes_no_use_has_read_the_marker(tmp_path: Path) -> None:
    made(tmp_path / OLD, used_days_ago=400, read_days_ago=3.5)
    assert [(one.days, one.removed) for one in gone(tmp_path)] == [(3, False)]


def test_what_this_edgebuild_uses_stays_however_long_it_was_not(tmp_path: Path) -> None:
    current = place_of(environments.get("onnx"), tmp_path)
    made(current, used_days_ago=400)
    assert gone(tmp_path) == []
    assert left(tmp_path) == [current.name]


def test_one_that_is_being_made_stays(tmp_path: Path) -> None:
    place = made(tmp_path / OLD, used_days_ago=400)
    with place.with_name(f".{OLD}.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert [one.removed for one in gone(tmp_path)] == [False]
    assert [one.removed for one in gone(tmp_path)] == [True]


def test_what_is_no_environment_is_not_touched(tmp_path: Path) -> None:
    for name in ("notes", "onnx-old", "Onnx-0123456789abcdef", "onnx-0123456789abcdef.bak"):
        made(tmp_path / name, used_days_ago=400)
    elsewhere = made(tmp_path.with_name("elsewhere") / "x", used_days_ago=400)
    (tmp_path / "torch-0123456789abcdef").symlink_to(elsewhere)
    before = left(tmp_path)
    assert gone(tmp_path) == []
    assert left(tmp_path) == before
    assert gone(tmp_path / "none") == []


def test_a_clock_that_stood_wrong_removes_nothing_it_has_seen_used(tmp_path: Path) -> None:
    made(tmp_path / OLD, used_days_ago=-4000)
    assert [(one.days, one.removed) for one in gone(tmp_path)] == [(0, False)]


def test_a_use_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    note_use(tmp_path / "none")


@pytest.mark.parametrize("name", ["openvino", "torch"])
def test_the_toolbox_notes_each_use(tmp_path: Path, name: str, monkeypatch) -> None:
    from edgebuild.engine import toolbox
    from edgebuild.settings import Settings
    from edgebuild.toolchains.progress import Silent
    from edgebuild.toolchains.tools import Tools

    place = made(tmp_path / "tools" / OLD, used_days_ago=400)
    found = Tools(name=name, folder=place, python=place, digest="d", installed={})
    monkeypatch.setattr(toolbox, "present", lambda environment, folder: found)
    box = toolbox.Toolbox(settings=Settings(home=tmp_path), progress=Silent())
    assert box.missing([name]) == []
    assert [one.days for one in gone(tmp_path / "tools")] == [0]
