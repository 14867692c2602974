"""`doit explain` and `doit plan` say what differs, and which tools are missing to know it."""

import io

import pytest
from fakebuild import build
from fakekinds import kinds
from fakeproject import append, model, project

from edgebuild.manifest.model import Use
from edgebuild.settings import Settings
from edgebuild.verbs import Context, explain, plan


@pytest.fixture
def place(tmp_path):
    (tmp_path / "net.txt").write_text("alpha")
    return tmp_path


def told(verb, place, made, known=None, **words):
    out = io.StringIO()
    context = Context(root=place, settings=Settings(home=place / "home"), out=out)
    context.__dict__.update(project=made, kinds=known or kinds())
    assert verb.run(context, target="board", **words)
    return out.getvalue()


def test_a_changed_parameter_is_named(place):
    build(project(place, model(recipe=(append("end"),))), place / "home")
    made = project(place, model(recipe=(append("other"),)))
    assert "parameter `word`: 'end' -> 'other'" in told(explain, place, made)


@pytest.mark.parametrize("verb", [plan, explain])
def test_missing_tools_are_listed_instead(place, verb):
    """Nothing else can be said: keys name what is installed."""
    made = project(place, model(recipe=(Use(kind="pass/append", params={}),)))
    text = told(verb, place, made, kinds(pass_append="edgebuild.steps.passes.simplify"))
    assert text.startswith("install  onnx  (reading, simplifying,")
    assert verb is plan or "doit tools target=board" in text
