"""fsck lists every fault, stops at none, and repairs by removing."""

import json

import pytest

from edgebuild import digest as digests
from edgebuild.action import ActionResult
from edgebuild.store import fsck, gc
from edgebuild.store.store import Store, StoreBusy


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path).open()


def test_a_sound_store_has_no_faults(store):
    digest = store.put_bytes(b"x")
    store.put_result(digest, ActionResult(outputs={"o": digest}, log=digest))
    assert fsck.check(store) == []


def test_mixed_faults_are_all_listed_and_all_repaired(store):
    blobs = [store.put_bytes(b"%d" % n * 20) for n in range(20)]
    for number, digest in enumerate(blobs):
        key = digests.of_bytes(b"key %d" % number)
        store.put_result(key, ActionResult(outputs={"o": digest}, log=digest))
    rewrite(store.blob_path(blobs[0]), b"flipped")
    rewrite(store.blob_path(blobs[1]), b"")
    store.blob_path(blobs[2]).unlink()
    store.blob_path(blobs[3]).unlink()
    store.blob_path(blobs[3]).symlink_to("/etc/hostname")
    store.blob_path(blobs[4]).unlink()
    store.blob_path(blobs[4]).mkdir()
    rewrite(store.result_path(digests.of_bytes(b"key 5")), b"{")
    (store.root / "cas" / "ab").mkdir(exist_ok=True)
    (store.root / "cas" / "ab" / "stray").write_bytes(b"?")
    (store.root / "cas" / "top").write_bytes(b"?")
    whats = sorted(f"{f.path.split('/')[0]} {f.what}" for f in fsck.check(store))
    assert sum("content is" in w for w in whats) == 2
    assert sum("not a regular file" in w for w in whats) == 2
    assert sum("names a missing blob" in w for w in whats) >= 2
    assert sum("unreadable result" in w for w in whats) == 1
    assert sum("not a blob's name" in w for w in whats) == 2
    fsck.check(store, repair=True)
    assert fsck.check(store) == []
    assert store.find(digests.of_bytes(b"key 9")) is not None


def test_one_repair_of_a_flipped_bit_is_enough(store):
    """The blob keeps its size, so the result of it looks sound until the blob is removed."""
    digest = store.put_bytes(b"x" * 9)
    key = digests.of_bytes(b"key")
    store.put_result(key, ActionResult(outputs={"o": digest}, log=store.put_bytes(b"")))
    rewrite(store.blob_path(digest), b"y" + b"x" * 8)
    faults = fsck.check(store, repair=True)
    assert [fault.path.split("/")[0] for fault in faults] == ["cas", "ac"]
    assert fsck.check(store) == []


def test_nothing_is_repaired_while_a_build_runs(store):
    digest = store.put_bytes(b"good")
    rewrite(store.blob_path(digest), b"evil")
    with store.in_use():
        assert len(fsck.check(store)) == 1
        with pytest.raises(StoreBusy):
            fsck.check(store, repair=True, wait_s=0.1)
        assert store.blob_path(digest).exists()
    assert len(fsck.check(store, repair=True)) == 1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"actions": ["x"]}', '{"blobs": [1]}'])
def test_a_broken_root_is_removed_and_a_broken_pin_is_only_reported(store, content):
    for path in ("roots/project.json", "pins/release.json"):
        (store.root / path).write_text(content)
    faults = fsck.check(store, repair=True)
    assert [(f.path, f.what, f.rebuilds) for f in faults] == [
        ("roots/project.json", "unreadable root", False),
        ("pins/release.json", "unreadable pin", False),
    ]
    assert [fault.path for fault in fsck.check(store)] == ["pins/release.json"]
    assert (store.root / "pins/release.json").read_text() == content


def test_a_pin_that_names_what_is_missing_is_reported_and_stays(store):
    """Each thing that is missing, be it named itself or by a result."""
    kept, lost, half = (store.put_bytes(text) for text in (b"kept", b"lost", b"half"))
    key, gone = digests.of_bytes(b"key"), digests.of_bytes(b"gone")
    store.put_result(key, ActionResult(outputs={"o": half}, log=kept))
    pin = store.root / "pins/release.json"
    named = {"blobs": [str(kept), str(lost)], "actions": [str(key), str(gone)]}
    pin.write_text(json.dumps(named))
    for digest in (lost, half):
        store.blob_path(digest).unlink()
    says = "names what the store has not:"
    assert [(f.path, f.what) for f in fsck.check(store)][1:] == [
        ("pins/release.json", f"{says} blob {lost.short}"),
        ("pins/release.json", f"{says} blob {half.short}, o of result {key.short}"),
        ("pins/release.json", f"{says} result {gone.short}"),
    ]
    fsck.check(store, repair=True)
    assert [(f.path, f.what, f.rebuilds) for f in fsck.check(store)] == [
        ("pins/release.json", f"{says} blob {lost.short}", False),
        ("pins/release.json", f"{says} result {key.short}", False),
        ("pins/release.json", f"{says} result {gone.short}", False),
    ]
    assert json.loads(pin.read_text()) == named


def test_nothing_is_collected_while_it_looks(store, monkeypatch):
    """What gc takes away would look lost."""
    digest = store.put_bytes(b"nobody needs it")
    real = fsck._blobs

    def blobs(store):
        yield from real(store)
        with pytest.raises(StoreBusy):
            gc.collect(store, wait_s=0.1)

    monkeypatch.setattr(fsck, "_blobs", blobs)
    assert fsck.check(store) == []
    assert store.blob_path(digest).exists()


def rewrite(path, data):
    path.unlink()
    path.write_bytes(data)
