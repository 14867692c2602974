"""`doit freeze` records what is built and accepted, once for each version."""

import io
import json
from dataclasses import replace

import pytest
from fakebuild import build
from fakekinds import kinds
from fakeproject import CONTRACT, limit, matrix, model, project

from edgebuild.errors import EdgebuildError
from edgebuild.manifest.model import ModelTarget
from edgebuild.settings import Settings
from edgebuild.step import Contract, ProjectFile, Tensor
from edgebuild.verbs import Context, freeze

FOLDER = "manifests/models/net"
REAL = {"check_contract": "edgebuild.steps.checks.contract"}
MORE = Contract(inputs=CONTRACT.inputs, outputs={**CONTRACT.outputs, "z": Tensor(shape=(1,))})
OTHER = Contract(inputs={"w": Tensor(shape=(1,))}, outputs=CONTRACT.outputs)


@pytest.fixture
def place(tmp_path):
    (tmp_path / "net.txt").write_text("alpha beta")
    (tmp_path / FOLDER).mkdir(parents=True)
    return tmp_path


def net(**more):
    return model(path=f"{FOLDER}/manifest.yaml", **more)


def built(place, **more):
    """A project with one model, built; the model has its record if there is one."""
    one = net(**more)
    if (place / FOLDER / "released.json").exists():
        one = replace(one, released=ProjectFile(path=f"{FOLDER}/released.json"))
    made = project(place, one)
    return made, build(made, place / "home", kinds=kinds(**REAL))


def frozen(place, made, name="net"):
    context = Context(root=place, settings=Settings(home=place / "home"), out=io.StringIO())
    context.__dict__.update(project=made, kinds=kinds(**REAL))
    assert freeze.run(context, model=name)
    return context.out.getvalue()


def record(place):
    return json.loads((place / FOLDER / "released.json").read_text())


def test_what_is_built_is_recorded_and_again_the_same(place):
    made, _ = built(place)
    assert frozen(place, made) == (
        "recorded   net/board\n"
        "manifests/models/net/released.json: version 1.0.0 of 1 artifact\n"
        "commit it: from now on the version must announce what changes\n"
    )
    assert record(place) == {
        "schema": "edgebuild-released/1",
        "model": "net",
        "version": "1.0.0",
        "contract": CONTRACT.to_json(),
        "variants": {"board": CONTRACT.to_json()},
    }
    before = (place / FOLDER / "released.json").read_bytes()
    assert frozen(place, made) == (
        "recorded   net/board\nmanifests/models/net/released.json says this already: version 1.0.0\n"
    )
    assert (place / FOLDER / "released.json").read_bytes() == before


def test_the_next_build_is_held_to_it(place):
    made, _ = built(place)
    frozen(place, made)
    _, ran = built(place)
    assert ran.published == ["net/board"]
    _, ran = built(place, contract=OTHER, version="1.1.0")
    assert (
        "contract.breaking  failed: 2 by host, wanted <= 0 (above 0; since 1.0.0: input `x` is gone; "
        "input `w` is new; `version: 2.0.0` would announce it)"
    ) in str(ran.errors["net/board"])
    made, ran = built(place, contract=OTHER, version="2.0.0")
    assert ran.published == ["net/board"]
    frozen(place, made)
    assert record(place)["version"] == "2.0.0"


def test_variants_that_are_not_built_or_rejected_are_not_recorded(place):
    two = matrix(times=[1, 2])
    use = ModelTarget(target="board", matrix=two, accept=(limit("length.bytes", max=10),))
    made, _ = built(place, targets={"board": use})
    assert frozen(place, made).startswith(
        "recorded   net/board/times-1\nrejected   net/board/times-2  (not recorded)\n"
    )
    assert list(record(place)["variants"]) == ["board/times-1"]
    more = ModelTarget(target="board", matrix=matrix(times=[1, 3]))
    unbuilt = project(place, net(targets={"board": more}))
    assert "not built  net/board/times-3  (not recorded)\n" in frozen(place, unbuilt)


def test_nothing_built(place):
    with pytest.raises(EdgebuildError) as caught:
        frozen(place, project(place, net()))
    assert str(caught.value) == (
        "error: no artifact of net is built and accepted\nhint: doit build target=NAME comes first"
    )


def test_a_version_is_released_with_one_contract_only(place):
    made, _ = built(place)
    frozen(place, made)
    waived = ModelTarget(target="board")
    made, _ = built(place, contract=MORE, targets={"board": waived})
    with pytest.raises(EdgebuildError) as caught:
        frozen(place, made)
    assert str(caught.value) == (
        "error: version 1.0.0 of net was released with another contract\n"
        "  the model  output `z` is new\n"
        "  board      output `z` is new\n"
        "hint: raise `version` to 1.1.0 or higher"
    )


def test_a_version_before_the_released_one(place):
    made, _ = built(place, version="2.0.0")
    frozen(place, made)
    (place / FOLDER / "released.json").rename(place / "kept.json")
    made, _ = built(place, version="1.9.0")
    (place / "kept.json").rename(place / FOLDER / "released.json")
    with pytest.raises(EdgebuildError) as caught:
        frozen(place, made)
    assert str(caught.value) == (
        "error: version 1.9.0 of net is before the released 2.0.0\nhint: raise `version`"
    )


def test_artifacts_of_another_manifest_are_not_released(place):
    built(place)
    with pytest.raises(EdgebuildError) as caught:
        frozen(place, project(place, net(version="1.1.0")))
    assert str(caught.value) == (
        "error: net/board was built from another manifest\n"
        "  built     version 1.0.0\n"
        "  manifest  version 1.1.0\n"
        "hint: doit build target=board model=net"
    )


def test_a_new_version_tells_what_it_drops(place):
    made, _ = built(
        place, targets={"board": ModelTarget(target="board", matrix=matrix(times=[1, 2]))}
    )
    frozen(place, made)
    fewer = {"board": ModelTarget(target="board", matrix=matrix(times=[1]))}
    made, _ = built(place, version="1.0.1", targets=fewer)
    assert "dropped    board/times-2  (released as 1.0.0)\n" in frozen(place, made)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (None, "error: say which model to freeze\nhint: doit freeze model=NAME"),
        ("nett", "error: unknown model `nett`\nhint: did you mean `net`?"),
        ("other", "error: unknown model `other`\nhint: `doit show` lists them"),
    ],
)
def test_which_model(place, name, text):
    with pytest.raises(EdgebuildError) as caught:
        frozen(place, project(place, net()), name)
    assert str(caught.value) == text
