"""What a step sees is what its key says: code that stays as it is, mappings in an order of their own."""

import shutil
from dataclasses import replace

import fake_pass_edited
import pytest
from fakebuild import build, open_fake
from fakekinds import kinds
from fakeproject import append, model, project, words

from edgebuild.engine import world
from edgebuild.engine.inputs import MissingFile
from edgebuild.manifest.model import Use
from edgebuild.step import ProjectFile

CALIBRATED = Use(kind="pass/calibrated")


@pytest.fixture
def place(tmp_path):
    (tmp_path / "net.txt").write_text("alpha")
    (tmp_path / "words.txt").write_text("alpha beta")
    return tmp_path


@pytest.fixture
def edited(tmp_path_factory, monkeypatch):
    """A kind whose own source is edited while it runs, as long as a file `edit` lies beside it."""
    folder = tmp_path_factory.mktemp("kinds")
    source = folder / "fake_pass_editing.py"
    shutil.copy(fake_pass_edited.__file__, source)
    (folder / "edit").touch()
    monkeypatch.syspath_prepend(folder)
    yield source
    world.forget()


def test_a_result_of_code_that_was_edited_meanwhile_is_not_kept(place, edited):
    made = project(place, model(recipe=(append("end"),)))
    known = kinds(pass_append="fake_pass_editing")
    failed = build(made, place / "home", kinds=known)
    assert str(failed.errors["net/append"]) == (
        f"error: {edited} was edited while `net/append` ran, so its result is not kept\n"
        "hint: build again"
    )
    (edited.parent / "edit").unlink()
    shutil.copy(fake_pass_edited.__file__, edited)  # back to what was hashed at first
    world.forget()
    assert "net/append" in build(made, place / "home", kinds=known).built


def test_another_order_of_files_in_the_manifest_is_the_same_bytes(place):
    """It is the same key."""
    made = []
    for names in (("two", "one"), ("one", "two")):
        for name in names:
            (place / f"{name}.txt").write_text(name)
        files = {name: ProjectFile(path=f"{name}.txt") for name in names}
        data = replace(words(), params={**words().params, "files": files})
        opened = open_fake(
            project(place, model(data={"calibration": data}, recipe=(CALIBRATED,))),
            place / "-".join(names),
            kinds=kinds(data_words="fake_data_order"),
        )
        outcome = opened.session.build("net/calibration")
        made.append((outcome.key, opened.session.store.read(outcome.result.outputs["dataset"])))
        opened.close()
    assert made[0] == made[1]
    assert made[0][1] == b"files.one files.two"


@pytest.mark.parametrize(
    "text", ["from edgebuild.formats import png\n", "import edgebuild.formats.png\n"]
)
def test_what_of_edgebuild_the_projects_own_code_imports_counts(place, monkeypatch, text):
    """Its kind does not import that, so the kind's own digest has not got it."""
    (place / "data.py").write_text(f"def f():\n    {text}")

    def action(digest="as it is"):
        world.forget()
        opened = open_fake(
            project(place, model(data={"calibration": words("data.py")}, recipe=(CALIBRATED,))),
            place / "home",
        )
        table = opened.session.around.modules
        if digest != "as it is":
            monkeypatch.setitem(table, "edgebuild.formats.png", digest)
        made = opened.session.action(opened.graph.step("net/calibration"))
        opened.close()
        return made.code

    assert action() == action()
    assert action("another") != action()
    assert world.imported_by([place / "data.py"]) == ("edgebuild.formats.png",)
    (place / "data.py").write_text("def f(:\n")  # the step says so itself
    assert action("another") == action()


def test_steps_of_one_build_never_see_two_versions_of_a_file(place):
    """Each key would be right, and the artifact a mixture that no one version makes."""
    (place / "twin.txt").write_text("alpha")
    models = [
        model(name, data={"calibration": words(samples=count)}, recipe=(CALIBRATED,))
        for name, count in (("net", 1), ("twin", 2))
    ]
    made = project(place, *models)
    opened = open_fake(made, place / "home")
    opened.session.build("net/calibration")
    (place / "words.txt").write_text("gamma delta")
    with pytest.raises(MissingFile) as caught:
        opened.session.build("twin/calibration")
    assert str(caught.value) == (
        "error: words.txt changed while the build was running\nhint: run the build again"
    )
    opened.close()
    assert not build(made, place / "home").errors


def test_files_of_a_list_keep_the_order_of_their_numbers():
    from edgebuild.engine.execute import _numbered

    ports = [f"modules.{i}" for i in range(12)]
    assert sorted({*ports}, key=_numbered) == ports
