"""The store gives back what was put, or says that it is gone; never anything else."""

import multiprocessing
import os
import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from edgebuild import digest as digests
from edgebuild.action import ActionResult
from edgebuild.store import fsck, gc
from edgebuild.store.store import BlobLost, Store, StoreError


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store").open()


def result_of(store, **outputs):
    put = {port: store.put_bytes(data) for port, data in outputs.items()}
    return ActionResult(outputs=put, log=store.put_bytes(b"log"), metadata={"seconds": 1.0})


def test_a_blob_comes_back_and_is_read_only(store, tmp_path):
    source = tmp_path / "model"
    source.write_bytes(b"weights")
    digest = store.put_file(source)
    assert digest == digests.of_bytes(b"weights")
    target = tmp_path / "copy"
    store.materialise(digest, target)
    assert target.read_bytes() == store.read(digest) == b"weights"
    assert store.blob_path(digest).stat().st_mode & 0o222 == 0


def test_editing_a_copy_does_not_reach_the_store(store, tmp_path):
    digest = store.put_bytes(b"weights")
    target = tmp_path / "copy"
    store.materialise(digest, target)
    with target.open("r+b") as file:
        file.write(b"EVIL")
    assert store.intact(digest)
    assert target.stat().st_nlink == 1
    assert not target.is_symlink()


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "symlink", "folder", "gone"])
def test_a_damaged_blob_is_noticed_however_it_is_used(store, tmp_path, damage):
    digest = store.put_bytes(b"weights" * 100)
    key = digests.of_bytes(b"key")
    store.put_result(key, ActionResult(outputs={"model": digest}, log=digest))
    for use in (store.intact, store.read, lambda d: store.materialise(d, tmp_path / "x")):
        spoil(store.blob_path(digest), damage)
        if use == store.intact:
            assert not store.intact(digest)
        else:
            with pytest.raises(BlobLost):
                use(digest)
        assert store.find(key) is None
        assert store.put_bytes(b"weights" * 100) == digest
        assert store.find(key) is not None


def spoil(path, damage):
    data = bytearray(path.read_bytes())
    path.unlink()
    if damage == "flip":
        data[-1] ^= 1
        path.write_bytes(data)
    elif damage == "truncate":
        path.write_bytes(data[:-1])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "symlink":
        path.symlink_to("/etc/hostname")
    elif damage == "folder":
        path.mkdir()


def test_a_result_counts_only_with_all_its_blobs(store):
    key = digests.of_bytes(b"key")
    result = result_of(store, model=b"m", log_of_it=b"n")
    store.put_result(key, result)
    assert store.find(key) == result
    store.blob_path(result.outputs["model"]).unlink()
    assert store.find(key) is None


def test_a_torn_or_tampered_result_is_a_miss(store):
    key = digests.of_bytes(b"key")
    store.put_result(key, result_of(store, model=b"m"))
    path = store.result_path(key)
    good = path.read_bytes()
    for bad in (b"", good[:-3], good.replace(b"model", b"medal"), b"[]", b'{"result": 1}'):
        path.unlink(missing_ok=True)
        path.write_bytes(bad)
        assert store.find(key) is None


def test_200_flipped_bits_are_all_found_and_repaired_by_putting_again(store):
    """The sample that CI runs of the promise `hit integrity`."""
    rng = random.Random(5)
    contents = [rng.randbytes(rng.randrange(1, 4000)) for _ in range(40)]
    keys = []
    for number, data in enumerate(contents):
        key = digests.of_bytes(b"%d" % number)
        store.put_result(key, result_of(store, model=data))
        keys.append(key)
    for _ in range(200):
        number = rng.randrange(len(contents))
        path = store.blob_path(digests.of_bytes(contents[number]))
        data = bytearray(path.read_bytes())
        bit = rng.randrange(len(data) * 8)
        data[bit // 8] ^= 1 << (bit % 8)
        path.chmod(0o644)
        path.write_bytes(data)
        if rng.random() < 0.5:
            assert any(path.name in fault.path for fault in fsck.check(store, repair=True))
        assert store.find(keys[number]) is None
        # What fsck repaired, it repaired wholly: the result of a blob removed is gone too.
        store.put_result(keys[number], result_of(store, model=contents[number]))
        assert store.find(keys[number]) is not None
    fsck.check(store, repair=True)
    assert fsck.check(store) == []


def test_a_folder_that_cannot_be_made_is_an_error_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot use the store") as caught:
        Store(tmp_path / "file" / "store").open()
    assert "EDGEBUILD_HOME" in str(caught.value)


def test_a_lock_that_cannot_be_opened_is_an_error_with_a_remedy(tmp_path):
    """As on a file system that is read-only, where folders that are there make no trouble."""
    (tmp_path / "locks/gc").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot use the store") as caught:
        Store(tmp_path).open()
    assert "EDGEBUILD_HOME" in str(caught.value)


def test_what_is_too_long_for_the_disk_is_not_published(store, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put_bytes(b"x" * 100)
    monkeypatch.undo()
    assert not store.blob_path(digests.of_bytes(b"x" * 100)).exists()
    assert fsck.check(store) == []


def _put_many(root, seed):
    store = Store(root).open()
    rng = random.Random(seed)
    for number in range(200):
        store.put_bytes(b"%d" % rng.randrange(100) * 50)
        store.put_result(digests.of_bytes(b"%d" % number), result_of(store, a=b"%d" % number))


def test_many_writers_at_once(tmp_path):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_put_many, args=(tmp_path / "s", n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert fsck.check(Store(tmp_path / "s")) == []


class StoreModel(RuleBasedStateMachine):
    """The store behaves as a dictionary whatever happens to its files."""

    keys = Bundle("keys")

    @initialize()
    def start(self):
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name)).open()
        self.model = {}
        self.rooted = set()

    def teardown(self):
        self.folder.cleanup()

    @rule(target=keys, name=st.integers(0, 8), data=st.binary(max_size=64))
    def put(self, name, data):
        key = digests.of_bytes(b"%d" % name)
        self.store.put_result(key, result_of(self.store, out=data))
        self.model[key] = data
        return key

    @rule(key=keys)
    def get(self, key):
        found = self.store.find(key)
        if found is None:
            assert key not in self.model
        else:
            assert self.store.read(found.outputs["out"]) == self.model[key]

    @rule(key=keys, how=st.sampled_from(["flip", "truncate", "empty", "symlink", "gone"]))
    def damage(self, key, how):
        if self.model.get(key):
            data = self.model[key]
            spoil(self.store.blob_path(digests.of_bytes(data)), how)
            self.store.intact(digests.of_bytes(data))
            self.model = {k: d for k, d in self.model.items() if d != data}

    @rule(key=keys)
    def root(self, key):
        self.rooted.add(key)
        self.store.set_root("r", sorted(self.rooted))

    @rule()
    def collect(self):
        gc.collect(self.store)
        self.model = {k: d for k, d in self.model.items() if k in self.rooted}

    @rule()
    def repair(self):
        fsck.check(self.store, repair=True)

    @rule()
    def reopen(self):
        self.store = Store(self.store.root).open()

    @invariant()
    def nothing_is_lost(self):
        for key in getattr(self, "model", {}):
            assert self.store.find(key) is not None


TestStoreModel = StoreModel.TestCase
TestStoreModel.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
