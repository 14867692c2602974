"""A quality metric of a third party runs in the check's step, and its source is in the check's key."""

import importlib
import sys

import pytest
from fakebuild import build
from fakekinds import kinds
from fakeproject import limit, model, project, words

from edgebuild.engine import world
from edgebuild.kinds import Kinds, load_kinds
from edgebuild.manifest.model import ModelTarget

SHARP = '''"""How sharp it is, from 1 on."""
from dataclasses import dataclass
from edgebuild.step import Metric, param
from theirmetrics.scale import SCALE

@dataclass(frozen=True, kw_only=True)
class Params:
    edge: int = param("where it begins", 1)

METRIC = Metric(doc="sharpness", params=Params)
def statistics(predictions, truth, params):
    return None
def score(statistics, times):
    return [SCALE for _ in times]
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Installed where the main Python finds it, and no tool environment does."""
    site = tmp_path / "site"
    folder = site / "theirmetrics"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "scale.py").write_text("SCALE = 3\n")
    (folder / "sharp.py").write_text(SHARP)
    info = site / "theirmetrics-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirmetrics\nVersion: 1.0\n")
    points = "[edgebuild.kinds]\nmetric/sharp = theirmetrics.sharp\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(site)
    yield folder
    for name in [n for n in sys.modules if n.partition(".")[0] == "theirmetrics"]:
        del sys.modules[name]
    forget()


def forget():
    world.forget()
    importlib.invalidate_caches()


@pytest.fixture
def place(tmp_path):
    (tmp_path / "net.txt").write_text("alpha beta\n")
    (tmp_path / "words.txt").write_text("alpha gamma")
    return tmp_path


def run(place, **params):
    """The fake kinds, with the metrics that are installed."""
    forget()
    known = Kinds(modules=kinds().modules, quality=load_kinds().quality)
    gate = limit("quality.sharp", min=3, params=params)
    net = model(
        data={"evaluation": words()},
        targets={"board": ModelTarget(target="board", accept=(gate,))},
    )
    return build(project(place, net), place / "home", kinds=known)


def test_a_third_partys_metric_is_measured_in_the_step(place, package):
    assert run(place).published == ["net/board"]
    # Of another size: Python tells its compiled files apart by size and whole seconds.
    (package / "scale.py").write_text("SCALE = 2.0\n")
    error = str(run(place).errors["net/board"])
    assert "quality.sharp  failed: 2 by host, wanted >= 3 (below 3)" in error


def test_what_it_imports_of_its_own_package_and_its_parameters_are_in_the_key(place, package):
    run(place)
    assert run(place).built == []
    (package / "scale.py").write_text("SCALE = 3  # sharper\n")
    assert run(place).built == ["net/board/quality"]
    assert run(place, edge=2).built == ["net/board/quality"]
    (package / "other.py").write_text("")
    assert run(place, edge=2).built == []


def test_a_build_with_nothing_to_do_has_looked_at_its_files(package):
    forget()
    files = {path.name for path in world.code_files(load_kinds(), [], ["theirmetrics.sharp"])}
    assert {"sharp.py", "scale.py", "step.py"} <= files
