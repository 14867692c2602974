"""The digest of a step's code covers everything of edgebuild that the step can reach."""

import importlib
import sys

import pytest

from edgebuild.engine import world
from edgebuild.kinds import Kinds, load_kinds


def covered(kinds, kind_id):
    return {path.name for path in world.code_files(kinds, [kind_id])}


def test_rewrites_found_by_their_place_count():
    from pathlib import Path

    import edgebuild.rewrites.ops as ops

    rules = {p.name for p in Path(ops.__file__).parent.glob("*.py")}
    assert len(rules) > 20
    assert rules <= covered(load_kinds(), "pass/legalize")


def test_networks_may_use_all_layers():
    assert {"warp.py", "stdc.py", "ghost.py"} <= covered(load_kinds(), "source/torch")


@pytest.fixture
def third_party(tmp_path, monkeypatch):
    """A kind of another package, with a module of its own beside it."""
    package = tmp_path / "theirs"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "rules.py").write_text("RULE = 1\n")
    (package / "fold.py").write_text(
        "from edgebuild.formats import onnx_file\nfrom edgebuild.step import StepKind\n"
        "from theirs.rules import RULE\n"
        "def run(call):\n    pass\n"
        "KIND = StepKind(role='pass', run=run, tools='onnx')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in [n for n in sys.modules if n.partition(".")[0] == "theirs"]:
        del sys.modules[name]


def test_a_third_partys_kind_counts_its_own_package_and_what_it_uses_of_edgebuild(third_party):
    kinds = Kinds(modules={"pass/fold": "theirs.fold"})
    assert {"fold.py", "rules.py", "onnx_file.py", "step.py"} <= covered(kinds, "pass/fold")
    before = world.code_digest(kinds, "pass/fold")
    (third_party / "rules.py").write_text("RULE = 2\n")
    for function in (world._closure, world._file, world._imports, world._source_digest):
        function.cache_clear()
    importlib.invalidate_caches()
    assert world.code_digest(kinds, "pass/fold") != before


def test_equal_code_elsewhere_has_the_same_digest():
    """No path enters it."""
    kinds = load_kinds()
    assert world.code_digest(kinds, "pass/simplify") == world.code_digest(kinds, "pass/simplify")
    names = [name for name, _ in sorted(world._closure("edgebuild.steps.passes.simplify"))]
    assert all(name.startswith("edgebuild.") for name in names)
