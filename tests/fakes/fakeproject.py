"""A project of text models, as typed manifests and as files."""

from edgebuild.manifest.model import Axis, AxisValue, Model, ModelTarget, Project, Target, Use
from edgebuild.step import Contract, Limit, ProjectFile, Tensor

BOARD = Target(name="board", description="a board", device={"soc": "z80"}, backends=("upper",))
CONTRACT = Contract(inputs={"x": Tensor(shape=(1,))}, outputs={"y": Tensor(shape=(1,))})


def model(name="net", **more):
    """`targets` defaults to one plain use on `board`."""
    given = {
        "name": name,
        "version": "1.0.0",
        "license": "MIT",
        "source": Use(kind="source/text", params={"file": ProjectFile(path=f"{name}.txt")}),
        "contract": CONTRACT,
        "targets": {"board": ModelTarget(target="board")},
        "path": f"manifests/models/{name}/manifest.yaml",
        **more,
    }
    return Model(**given)


def project(root, *models, targets=(BOARD,)):
    return Project(
        root=root,
        models={m.name: m for m in models},
        targets={t.name: t for t in targets},
    )


def words(name="words.txt", samples=2):
    return Use(
        kind="data/words",
        params={"file": ProjectFile(path=name), "function": "f", "samples": samples},
    )


def append(word):
    return Use(kind="pass/append", params={"word": word})


def matrix(**axes):
    """`times=[1, 2]` sets the compile parameter; `word={"a": [append("a")]}` adds passes."""
    found = []
    for name, values in axes.items():
        if isinstance(values, dict):
            row = tuple(AxisValue(label=k, recipe=tuple(v)) for k, v in values.items())
        else:
            row = tuple(AxisValue(label=str(v), compile={name: v}) for v in values)
        found.append(Axis(name=name, values=row))
    return tuple(found)


def limit(metric, **bounds):
    return Limit(metric=metric, **bounds)
