"""Nothing to do is said only while every file is as it was."""

import hashlib
import os
import shutil
import time
from pathlib import Path

import pytest
from fakebuild import build, open_fake
from fakeproject import model, project
from textproject import doit, manifest, start, write

from edgebuild.engine import noop, scope


@pytest.fixture
def built(tmp_path):
    """A record over two files, a folder, a tool folder and a file that must be there."""
    for name in ("a", "b", "index"):
        (tmp_path / name).write_text(name * 10)
    for name in ("folder", "tools"):
        (tmp_path / name).mkdir()
    place = tmp_path / "state" / "done"
    assert record(tmp_path, there=[str(tmp_path / "index")])
    return place, tmp_path


def record(folder, names=("a", "b", "folder"), **more):
    given = {"summary": "3 artifacts", "until": "2026-06-30", "begun_ns": later(), **more}
    files = [str(folder / name) for name in names]
    tools = [str(folder / "tools")]
    return noop.record(folder / "state" / "done", "context", files, tools=tools, **given)


def later():
    """A build that began when all there is had been written long ago."""
    return time.time_ns() + 60_000_000_000


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


def test_a_folder_with_the_same_names_and_pythons_cache_is_as_it_was(built):
    place, folder = built
    (folder / "folder/swap").write_text("")
    (folder / "folder/swap").unlink()
    (folder / "folder/__pycache__").mkdir()
    assert check(place) == "3 artifacts"


def test_a_build_with_nothing_to_do_uses_its_tools_as_well(built):
    """Once a day: `doit gc` removes outdated tools that nobody uses."""
    place, folder = built
    lock = folder / ".tools.lock"
    lock.touch()
    hours = 3600
    for age, noted in ((23 * hours, False), (25 * hours, True)):
        then = time.time() - age
        os.utime(lock, (then, then))
        os.utime(place, (then, then))
        assert check(place) == "3 artifacts"
        assert (time.time() - lock.stat().st_mtime < hours) is noted
    assert time.time() - place.stat().st_mtime < hours


def test_an_edit_on_a_disk_whose_clock_is_late_is_noticed(tmp_path, monkeypatch):
    """A file server's, say: by our clock the edit came before the build began."""
    (tmp_path / "a").write_text("a")
    present = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: present() + 90_000_000_000)
    assert check(tmp_path / "state/done") is None
    begun = noop.begun_ns()
    time.sleep(0.1)
    (tmp_path / "tools").mkdir()
    (tmp_path / "a").write_text("b")
    assert not record(tmp_path, names=("a",), begun_ns=begun)


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
        lambda f: (f / "folder" / "new").write_text(""),
        lambda f: (f / "b").write_text("longer than before"),
        lambda f: ((f / "b").unlink(), (f / "b").mkdir()),
        lambda f: (f / "index").unlink(),
        lambda f: os.utime(f / "tools", ns=(1, 1)),
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


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (f / "a").write_text("edited"),
        lambda f: (f / "a").unlink(),
        lambda f: (f / "folder/new").write_text(""),
        lambda f: (f / "folder/new").mkdir(),
        lambda f: (f / "a").chmod(0o600),
    ],
)
def test_what_changed_since_the_build_began_is_not_recorded(built, change):
    place, folder = built
    place.unlink()
    time.sleep(0.03)
    begun = time.time_ns()
    assert record(folder, begun_ns=begun)
    place.unlink()
    change(folder)
    assert not record(folder, begun_ns=begun)
    assert not place.exists()


@pytest.mark.parametrize("content", [None, "other"])
def test_what_is_not_in_place_as_it_was_made_is_not_recorded(built, content):
    place, folder = built
    place.unlink()
    made = {str(folder / "made"): hashlib.sha256(b"made").hexdigest()}
    (folder / "made").write_text("made")
    assert record(folder, made=made)
    place.unlink()
    (folder / "made").unlink()
    if content:
        (folder / "made").write_text(content)
    assert not record(folder, made=made)
    assert not record(folder, there=[str(folder / "absent")])
    assert not place.exists()


def test_another_checkout_or_python_is_another_build(monkeypatch):
    contexts = {noop.context("board", None, "/home")}
    for change in (
        ("edgebuild.__file__", "/elsewhere/edgebuild/__init__.py"),
        ("sys.version", "3.11.99 (main)"),
        ("sys.prefix", "/another/venv"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(*change)
            contexts.add(noop.context("board", None, "/home"))
    assert len(contexts) == 4


def test_what_decides_over_a_build_is_looked_at(tmp_path):
    """Locks of tools, the registry of kinds, folders in which kinds and models are found, packages that
    add kinds."""
    (tmp_path / "net.txt").write_text("text")
    (tmp_path / "manifests/models/empty").mkdir(parents=True)
    build(project(tmp_path, model()), tmp_path / "home")
    opened = open_fake(project(tmp_path, model()), tmp_path / "home")
    names = list(scope.read(opened))
    opened.close()
    for wanted in (
        "toolchains/locks/onnx.lock", "toolchains/environments.py", "edgebuild/kinds.py",
        "edgebuild/params.py", "edgebuild/settings.py", "edgebuild/verbs/__init__.py",
        "edgebuild/steps/passes", "manifests/models/empty", "site-packages",
        "edgebuild_fakes-1.0.dist-info/entry_points.txt", "tests/fakes",
    ):  # fmt: skip
        assert any(name.endswith(wanted) for name in names), wanted
    # A check that is not planned may be, after an edit of what it says it needs.
    assert any(name.endswith("fake_check_quality.py") for name in names)
    assert "check/quality" not in {step.kind for step in opened.graph.steps.values()}
    assert all(Path(name).exists() for name in names if "manifests" not in name)


# ------------------------------------------------------------------- with the real doit


@pytest.fixture
def place(tmp_path):
    write(tmp_path, {"net0": "text"}, recipe="append: {word: end}")
    return tmp_path


def change(place, recipe="append: {word: end}", target=""):
    (place / "manifests/models/net0/manifest.yaml").write_text(manifest("net0", recipe, target))


@pytest.mark.parametrize("edit", ["manifest", "source"])
def test_what_is_edited_while_a_build_runs_is_not_taken_for_built(place, edit):
    change(place, recipe="append: {word: SLOW}")
    process = start(place, "build", "target=board")
    seen = ""
    while "net0/tidy" not in seen:
        seen += process.stdout.readline()
    if edit == "manifest":
        change(place, recipe="append: {word: other}")
    else:
        (place / "manifests/models/net0/net0.txt").write_text("edited")
    said = process.stdout.read()
    # A later step reads the source again, and no build has steps that saw two versions of a file.
    assert process.wait(timeout=60) == (edit == "source"), said
    assert ("net0.txt changed while the build was running" in said) == (edit == "source")
    process.stdout.close()
    assert "nothing to do" not in doit(place, "build", "target=board").stdout
    made = (place / "artifacts/board/net0/model.upper").read_text()
    assert made == ("TEXT\nOTHER" if edit == "manifest" else "EDITED\nSLOW")


def test_an_index_that_was_deleted_comes_back(place):
    doit(place, "build", "target=board")
    (place / "artifacts/index.html").unlink()
    doit(place, "build", "target=board")
    assert (place / "artifacts/index.html").exists()


def test_a_manifest_in_a_folder_that_was_there_is_noticed(place):
    (place / "manifests/models/late").mkdir()
    doit(place, "build", "target=board")
    (place / "manifests/models/late/late.txt").write_text("late")
    (place / "manifests/models/late/manifest.yaml").write_text(manifest("late"))
    doit(place, "build", "target=board")
    assert (place / "artifacts/board/late/model.upper").exists()


def test_a_build_of_one_target_leaves_nothing_to_do_on_another(place):
    """They share the index, which each of them writes."""
    other = (place / "manifests/targets/board.yaml").read_text().replace("board", "other", 1)
    (place / "manifests/targets/other.yaml").write_text(other)
    text = manifest("net0").replace("board: {}", "board: {}, other: {}")
    (place / "manifests/models/net0/manifest.yaml").write_text(text)
    for target in ("board", "other"):
        assert doit(place, "build", f"target={target}").returncode == 0
    for target in ("board", "other"):
        assert "ok: nothing to do" in doit(place, "build", f"target={target}").stdout
