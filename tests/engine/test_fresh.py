"""A step that looks at the world does so in every build, once; what follows runs only if it saw something else."""

import io
from dataclasses import replace

import pytest
from fakebuild import build
from fakekinds import kinds
from fakeproject import append, model, project

from edgebuild.engine import build as build_module
from edgebuild.engine import noop, opening
from edgebuild.manifest.model import Use
from edgebuild.settings import Settings
from edgebuild.verbs import Context, plan

KINDS = kinds(pass_looked="fake_pass_looked")


@pytest.fixture
def place(tmp_path):
    for name in ("net", "twin"):
        (tmp_path / f"{name}.txt").write_text("alpha")
        folder = tmp_path / "manifests/models" / name
        folder.mkdir(parents=True)
        (folder / "manifest.yaml").touch()
    (tmp_path / "manifests/targets").mkdir()
    (tmp_path / "manifests/targets/board.yaml").touch()
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


def done(place):
    return (place / ".edgebuild/done/board").exists()


def with_needs(monkeypatch, *needs):
    import fake_pass_looked

    monkeypatch.setattr(fake_pass_looked, "KIND", replace(fake_pass_looked.KIND, needs=needs))


def test_nothing_to_do_is_not_said_where_nobody_would_notice_what_it_would_see(place, monkeypatch):
    ran(place)
    assert not done(place)
    monkeypatch.setattr(noop, "_checked_ns", None)  # of another test
    with_needs(monkeypatch, "myriad-device")  # the system tells when one is attached
    ran(place)
    assert done(place)


def test_nothing_to_do_is_not_said_when_the_device_was_swapped_after_it_was_measured(
    place, monkeypatch
):
    monkeypatch.setattr(noop, "_checked_ns", None)
    with_needs(monkeypatch, "myriad-device")
    numbers = iter(("number 7", "number 8"))
    for module in (opening, build_module):
        monkeypatch.setattr(module, "circumstances", lambda variables: (next(numbers),))
    ran(place)
    assert not done(place)


def test_the_plan_says_so(place):
    ran(place)
    out = io.StringIO()
    context = Context(root=place, settings=Settings(home=place / "home"), out=out)
    context.__dict__.update(project=made(place), kinds=KINDS)
    assert plan.run(context, target="board")
    assert "run      net/looked  (what it looks at may have changed)" in out.getvalue()
