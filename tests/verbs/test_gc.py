"""`doit gc` says what it removed, and what it kept and for how long."""

import io
import os
import time

import pytest

from edgebuild.settings import Settings
from edgebuild.store.store import Store, StoreBusy
from edgebuild.verbs import Context, gc


@pytest.fixture
def context(tmp_path):
    return Context(root=tmp_path, settings=Settings(home=tmp_path), out=io.StringIO())


def outdated(context, name, days):
    place = context.settings.tools / name
    place.mkdir(parents=True)
    (place / "library").write_bytes(b"#" * 2_000_000)
    lock = place.with_name(f".{name}.lock")
    lock.touch()
    os.utime(lock, (0, time.time() - days * 86_400))
    return place


def test_outdated_tools_go_when_nobody_used_them_for_long(context):
    old = outdated(context, "onnx-0123456789abcdef", 40.5)
    young = outdated(context, "openvino-0123456789abcdef", 1.5)
    assert gc.run(context)
    assert context.out.getvalue() == (
        "removed 0 blobs and 0 results, 0.0 MB; kept 0 blobs, 0.0 MB\n"
        "removed outdated tool environment onnx-0123456789abcdef, 2.0 MB, last used 40 days ago\n"
        "kept outdated tool environment openvino-0123456789abcdef, 2.0 MB, last used 1 day ago\n"
        "another edgebuild or Python may use what is kept; it goes when it was not used for 30 days\n"
    )
    assert (old.exists(), young.exists()) == (False, True)


def test_no_tools_go_while_a_build_runs(context, monkeypatch):
    old = outdated(context, "onnx-0123456789abcdef", 40)
    store = Store(context.settings.store).open()
    alone = Store.alone
    monkeypatch.setattr(Store, "alone", lambda store, wait_s=0.1: alone(store, 0.1))
    with store.in_use(), pytest.raises(StoreBusy):
        gc.run(context)
    assert old.exists()
