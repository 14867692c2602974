"""Nothing to do is said only while every file is as it was."""

import os
import shutil

import pytest

from edgebuild.engine import noop


@pytest.fixture
def built(tmp_path):
    """A record over two files, a folder and a file that is absent."""
    for name in ("a", "b"):
        (tmp_path / name).write_text(name * 10)
    (tmp_path / "folder").mkdir()
    files = [str(tmp_path / n) for n in ("a", "b", "folder", "absent")]
    place = tmp_path / "state" / "done"
    noop.record(place, "context", files, summary="3 artifacts", until="2026-06-30")
    return place, tmp_path


def check(place, context="context", today="2026-06-01"):
    return noop.check(place, context, today=today)


def test_unchanged(built):
    assert check(built[0]) == "3 artifacts"


def test_touched_but_equal_is_nothing_to_do_and_is_remembered(built):
    place, folder = built
    os.utime(folder / "a", ns=(1, 1))
    assert check(place) == "3 artifacts"
    shutil.copy(folder / "b", folder / "copy")
    (folder / "copy").replace(folder / "b")
    assert check(place) == "3 artifacts"


def test_content_changed_behind_the_modification_time(built):
    place, folder = built
    before = (folder / "a").stat()
    (folder / "a").write_text("A" * 10)
    os.utime(folder / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (folder / "a").stat().st_size == before.st_size
    assert check(place) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (f / "a").unlink(),
        lambda f: (f / "absent").write_text(""),
        lambda f: (f / "folder" / "new").write_text(""),
        lambda f: (f / "b").write_text("longer than before"),
        lambda f: ((f / "b").unlink(), (f / "b").mkdir()),
    ],
)
def test_changed(built, change):
    place, folder = built
    change(folder)
    assert check(place) is None


def test_another_context_or_a_day_too_late(built):
    assert check(built[0], context="other") is None
    assert check(built[0], today="2026-06-30") == "3 artifacts"
    assert check(built[0], today="2026-07-01") is None


@pytest.mark.parametrize("damage", [b"", b"x" * 40, None])
def test_a_damaged_record_is_no_record(built, damage):
    place = built[0]
    data = bytearray(place.read_bytes())
    data[-3] ^= 1
    place.write_bytes(data if damage is None else damage)
    assert check(place) is None
