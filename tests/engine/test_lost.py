"""A blob that is lost is made again; one that is lost again and again is an error, not a crash."""

import pytest
from fakebuild import build, open_fake
from fakeproject import append, model, project

from edgebuild.engine.session import ResultLost
from edgebuild.store.store import BlobLost, Store


@pytest.fixture
def made(tmp_path):
    (tmp_path / "net.txt").write_text("alpha")
    return project(tmp_path, model(recipe=(append("end"),)))


def test_an_input_lost_after_its_step_was_restored_is_made_again(made):
    build(made, made.root / "home")
    with_end = open_fake(project(made.root, model(recipe=(append("other"),))), made.root / "home")
    session = with_end.session
    assert session.restore("net/source")
    assert session.restore("net/tidy")
    tidy = session.outcomes["net/tidy"].result.outputs["model"]
    session.store.blob_path(tidy).unlink()
    assert session.build("net/append").how == "built"
    assert session.store.intact(tidy)
    with_end.close()


def test_an_input_that_is_lost_each_time_is_told(made, monkeypatch):
    def materialise(store, digest, target, *, mode=0o644):
        raise BlobLost(digest)

    opened = open_fake(made, made.root / "home")
    opened.session.build("net/source")
    monkeypatch.setattr(Store, "materialise", materialise)
    with pytest.raises(ResultLost) as caught:
        opened.session.build("net/tidy")
    assert str(caught.value) == (
        "error: what `net/tidy` reads is lost from the store again and again\n"
        "hint: `doit fsck` looks at the whole store; the disk may be failing"
    )
    opened.close()
