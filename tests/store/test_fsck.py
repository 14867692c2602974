"""fsck lists every fault, stops at none, and repairs by removing."""

import pytest

from edgebuild import digest as digests
from edgebuild.step import ActionResult
from edgebuild.store import fsck
from edgebuild.store.store import Store


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
    fsck.check(store, repair=True)
    fsck.check(store, repair=True)
    assert fsck.check(store) == []
    assert store.find(digests.of_bytes(b"key 9")) is not None


def rewrite(path, data):
    path.unlink()
    path.write_bytes(data)
