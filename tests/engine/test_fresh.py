"""A step that looks at the world does so in every build, once; what follows runs only if it saw something else."""

import io

import pytest
from fakebuild import build
from fakekinds import kinds
from fakeproject import append, model, project

from edgebuild.manifest.model import Use
from edgebuild.settings import Settings
from edgebuild.verbs import Context, plan

KINDS = kinds(pass_looked="fake_pass_looked")


@pytest.fixture
def place(tmp_path):
    for name in ("net", "twin"):
        (tmp_path / f"{name}.txt").write_text("alpha")
    (tmp_path / "device").write_text("one")
    return tmp_path


def made(place, *names):
    look = Use(kind="pass/looked", params={"path": str(place / "device")})
    models = (model(name, recipe=(look, append("end"))) for name in names or ("net",))
    return project(place, *models)


def ran(place, *names):
    done = build(made(place, *names), place / "home", kinds=KINDS)
    assert not done.errors
    return done.built


def test_what_follows_is_restored_while_it_sees_the_same(place):
    assert {"net/looked", "net/append", "net/board/upper"} <= set(ran(place))
    assert ran(place) == ["net/looked"]


def test_what_follows_runs_when_it_sees_something_else(place):
    ran(place)
    (place / "device").write_text("two")
    assert {"net/looked", "net/append", "net/board/upper"} <= set(ran(place))
    assert "TWO" in (place / "artifacts/board/net/model.upper").read_text()


def test_one_look_does_for_all_steps_that_are_the_same(place):
    assert ran(place, "net", "twin").count("net/looked") == 1
    again = ran(place, "net", "twin")
    assert again == ["net/looked"]  # the twin's is the same action


def test_the_plan_says_so(place):
    ran(place)
    out = io.StringIO()
    context = Context(root=place, settings=Settings(home=place / "home"), out=out)
    context.__dict__.update(project=made(place), kinds=KINDS)
    assert plan.run(context, target="board")
    assert "run      net/looked  (what it looks at may have changed)" in out.getvalue()
