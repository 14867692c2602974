"""gc removes what nothing names, keeps what is live or pinned, and waits for builds."""

import json
import os
import threading
from pathlib import Path

import pytest

from edgebuild import digest as digests
from edgebuild.action import ActionResult
from edgebuild.errors import EdgebuildError
from edgebuild.store import files, gc
from edgebuild.store.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path).open()


def put(store, name):
    key = digests.of_bytes(name)
    result = ActionResult(outputs={"o": store.put_bytes(name * 9)}, log=store.put_bytes(b""))
    store.put_result(key, result)
    return key


def test_what_a_root_names_stays_the_rest_goes(store):
    kept, dropped = put(store, b"kept"), put(store, b"dropped")
    store.set_root("project-target", [kept])
    done = gc.collect(store)
    assert store.find(kept) is not None
    assert store.find(dropped) is None
    assert (done.blobs, done.results) == (1, 1)
    assert not store.blob_path(digests.of_bytes(b"dropped" * 9)).exists()


def test_a_pinned_blob_stays_without_its_action(store):
    digest = store.put_bytes(b"released")
    pin = store.root / "pins" / "release-1.json"
    pin.write_text(json.dumps({"blobs": [str(digest)]}))
    gc.collect(store)
    assert store.read(digest) == b"released"


@pytest.mark.parametrize("content", ["", "[]", '{"actions": ["nonsense"]}'])
@pytest.mark.parametrize("place", ["roots/project.json", "pins/release.json"])
def test_a_broken_root_or_pin_is_named_and_nothing_is_removed(store, place, content):
    kept = put(store, b"kept")
    (store.root / place).write_text(content)
    with pytest.raises(EdgebuildError) as caught:
        gc.collect(store)
    assert f"{store.root / place} cannot be read" in caught.value.message
    assert caught.value.hint
    assert store.find(kept) is not None


def test_a_folder_among_the_blobs_goes_too(store):
    (store.root / "cas/ab/folder").mkdir(parents=True)
    gc.collect(store)
    assert list((store.root / "cas/ab").iterdir()) == []


def test_a_dry_run_removes_nothing(store):
    key = put(store, b"x")
    assert gc.collect(store, dry_run=True).results == 1
    assert store.find(key) is not None


def test_gc_waits_for_a_build_and_then_says_so(store):
    key = put(store, b"x")
    with store.in_use(), pytest.raises(gc.StoreBusy, match="a build is using the store"):
        gc.collect(store, wait_s=0.1)
    assert store.find(key) is not None


def test_gc_goes_on_when_the_build_ends(store):
    put(store, b"x")
    started, finish = threading.Event(), threading.Event()

    def build():
        with store.in_use():
            started.set()
            finish.wait()

    thread = threading.Thread(target=build)
    thread.start()
    started.wait()
    timer = threading.Timer(0.2, finish.set)
    timer.start()
    assert gc.collect(store, wait_s=10).results == 1
    thread.join()


def test_leftovers_of_killed_writers_go(store):
    (store.scratch / "123-4-5").write_bytes(b"half")
    gc.collect(store)
    assert list(store.scratch.iterdir()) == []


def test_a_folder_that_its_step_closed_goes_too(store):
    """Tools make such. Tried as anyone but root, who may remove everything."""
    shut = store.work / "1/work/shut/inner"
    shut.mkdir(parents=True)
    (shut / "file").touch()
    (store.work / "1/out").symlink_to(store.root / "cas")
    for folder in (shut, shut.parent):
        folder.chmod(0o555 if folder == shut else 0o000)
    child = os.fork()
    if not child:
        try:
            os.chdir(store.work)
            if os.getuid() == 0:
                for path in (store.work, *store.work.rglob("*")):
                    os.chown(path, 65534, 65534, follow_symlinks=False)
                os.setuid(65534)
            files.remove(Path("1"))
        finally:
            os._exit(Path("1").exists())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (store.root / "cas").exists()
