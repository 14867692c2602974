"""`doit train` writes weights and record beside the manifest and says whether the bytes are the same."""

import hashlib
import io
import json

import pytest
from fakekinds import kinds
from fakeproject import model, project

from edgebuild.engine import world
from edgebuild.manifest.model import Use
from edgebuild.plan.expand import UnknownName
from edgebuild.settings import Settings
from edgebuild.step import ProjectFile
from edgebuild.store import gc
from edgebuild.store.store import Store
from edgebuild.verbs import Context, train

FOLDER = "manifests/models/net"


@pytest.fixture
def context(tmp_path, monkeypatch):
    folder = tmp_path / FOLDER
    folder.mkdir(parents=True)
    (folder / "train.py").write_text("# trains")
    found = project(
        tmp_path,
        model(
            source=Use(
                kind="source/text",
                params={
                    "file": ProjectFile(path=f"{FOLDER}/train.py"),
                    "weights": ProjectFile(path=f"{FOLDER}/weights.safetensors"),
                },
            ),
            training=Use(
                kind="training/wordy",
                params={"file": ProjectFile(path=f"{FOLDER}/train.py"), "seed": 5},
            ),
        ),
        model("plain"),
    )
    monkeypatch.setattr(train, "load", lambda root, kinds, untrained: found)
    context = Context(root=tmp_path, settings=Settings(home=tmp_path / "home"), out=io.StringIO())
    context.__dict__["kinds"] = kinds()
    return context


def test_weights_and_record_are_written_and_then_reproduced(context):
    assert train.run(context, model="net")
    weights = context.root / FOLDER / "weights.safetensors"
    assert weights.read_text() == "seed 5"
    code = {f"{FOLDER}/train.py": hashlib.sha256(b"# trains").hexdigest()}
    assert json.loads((context.root / FOLDER / "training.json").read_text()) == {"code": code}
    assert f"{FOLDER}/weights.safetensors: new bytes" in context.out.getvalue()
    weights.write_text("edited")
    assert train.run(context, model="net")
    assert weights.read_text() == "seed 5"
    assert "restored" in context.out.getvalue()
    assert train.run(context, model="net", again=True)
    assert context.out.getvalue().count("the same bytes as before") >= 2


def test_other_bytes_come_with_the_reason_that_the_records_tell(context):
    folder = context.root / FOLDER
    (folder / "weights.safetensors").write_text("trained elsewhere")
    (folder / "training.json").write_text('{"isa": "AVX512", "sha256": "1"}')
    assert train.run(context, model="net")
    assert "though the record tells of no difference" in context.out.getvalue()
    text = train._why(
        {"isa": "AVX512", "seed": 1, "sha256": "a"}, {"isa": "AVX2", "seed": 1, "sha256": "b"}
    )
    assert text == "because the training was another: isa AVX512 then, AVX2 now"


def test_code_that_was_edited_since_the_recorded_training_is_named(context):
    """Of the project's own files, and of what they import of edgebuild."""
    path = context.root / FOLDER / "train.py"
    path.write_text("import edgebuild.digest")
    assert train.run(context, model="net")
    assert "edited since" not in context.out.getvalue()
    (path.with_name("weights.safetensors")).write_text("trained by other code")
    path.write_text("import edgebuild.errors")
    world.forget()
    assert train.run(context, model="net")
    edited = f"edgebuild.digest, edgebuild.errors, {FOLDER}/train.py"
    said = context.out.getvalue()
    assert f"net: edited since the recorded training: {edited}\n" in said
    assert f"  because the training was another: edited since: {edited}\n" in said
    context.out.truncate(0)
    assert train.run(context, model="net")
    assert "edited" not in context.out.getvalue()
    (path.with_name("weights.safetensors")).write_text("trained on another machine")
    assert train.run(context, model="net")
    told = "though the record tells of no difference: data or the machine changed"
    assert told in context.out.getvalue()


def test_gc_keeps_what_was_trained(context):
    """Training takes minutes to hours, and no build names it."""
    train.run(context, model="net")
    gc.collect(Store(context.settings.store).open())
    train.run(context, model="net")
    assert context.out.getvalue().count("training; its log") == 1
    assert "restored" in context.out.getvalue()


def test_a_model_without_training_is_an_error(context):
    with pytest.raises(UnknownName, match="model `plain` declares no training"):
        train.run(context, model="plain")
