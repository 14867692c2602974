"""`doit fsck` lists faults, and promises no more of a repair than it does."""

import io

import pytest

from edgebuild.settings import Settings
from edgebuild.store.store import Store
from edgebuild.verbs import Context, fsck


@pytest.fixture
def context(tmp_path):
    return Context(root=tmp_path, settings=Settings(home=tmp_path), out=io.StringIO())


@pytest.fixture
def store(context):
    return Store(context.settings.store).open()


def told(context, **options):
    ok = fsck.run(context, **options)
    text = context.out.getvalue()
    context.out.seek(0)
    context.out.truncate()
    return ok, text


def test_a_damaged_blob_is_made_again_by_builds(context, store):
    path = store.blob_path(store.put_bytes(b"good"))
    path.unlink()
    path.write_bytes(b"evil")
    ok, text = told(context)
    assert not ok
    assert "builds that need them make 1 of them again" in text
    ok, text = told(context, repair=True)
    assert ok
    assert "removed 1 of 1 faulty entries" in text
    assert told(context) == (True, "the store is sound\n")


def test_what_no_build_brings_back_is_not_said_to_come_back(context, store):
    (store.root / "cas/stray").write_text("?")
    (store.root / "roots/project.json").write_text("")
    for repair in (False, True):
        _, text = told(context, repair=repair)
        assert "of them again" not in text
        assert "before `doit gc`, build again" in text
    assert told(context) == (True, "the store is sound\n")


def test_a_broken_pin_stays_and_keeps_the_store_from_being_sound(context, store):
    pin = store.root / "pins/release.json"
    pin.write_text("")
    for repair in (False, True):
        ok, text = told(context, repair=repair)
        assert not ok
        assert "pins/release.json: unreadable pin" in text
    assert "removed 0 of 1" in text
    assert pin.exists()


def test_a_pin_whose_blob_is_lost_says_how_it_comes_back(context, store):
    lost = store.put_bytes(b"released")
    store.blob_path(lost).unlink()
    (store.root / "pins/release.json").write_text(f'{{"blobs": ["{lost}"]}}')
    for repair in (False, True):
        ok, text = told(context, repair=repair)
        assert not ok
        assert f"pins/release.json: names what the store has not: blob {lost.short}" in text
        assert text.endswith(
            "what a pin names and is lost comes back from a copy of the store, or by building that"
            " release again; if nobody needs it any more, remove the pin yourself\n"
        )
        assert "a pin protects a release" not in text
