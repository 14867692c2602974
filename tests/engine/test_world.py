"""The digest of a step's code covers everything of edgebuild that the step can reach."""

import importlib
import os
import sys

import pytest

from edgebuild.engine import world
from edgebuild.errors import EdgebuildError
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
    world.forget()
    importlib.invalidate_caches()
    assert world.code_digest(kinds, "pass/fold") != before


def test_equal_code_elsewhere_has_the_same_digest():
    """No path enters it."""
    kinds = load_kinds()
    assert world.code_digest(kinds, "pass/simplify") == world.code_digest(kinds, "pass/simplify")
    names = [name for name, _ in sorted(world._closure("edgebuild.steps.passes.simplify"))]
    assert all(name.startswith("edgebuild.") for name in names)


def digest_after(path, text):
    """Of the third party's kind, when `text` stands in a file."""
    path.write_text(text)
    world.forget()
    importlib.invalidate_caches()
    return world.code_digest(Kinds(modules={"pass/fold": "theirs.fold"}), "pass/fold")


def test_what_a_package_does_when_it_is_imported_counts(third_party):
    """Python runs it before the module, though no import names it."""
    init = third_party / "__init__.py"
    before = digest_after(init, "import os\nos.environ['A'] = '1'\n")
    assert digest_after(init, "import os\nos.environ['A'] = '2'\n") != before


def test_a_docstring_of_a_package_around_does_not(third_party):
    init = third_party / "__init__.py"
    assert digest_after(init, '"""About it."""\n') == digest_after(init, '"""More about it."""\n')


def test_a_compiled_module_counts_by_its_bytes(third_party):
    from importlib.machinery import EXTENSION_SUFFIXES

    (third_party / "rules.py").write_text("def late():\n    from theirs import native\nRULE = 1\n")
    native = third_party / f"native{EXTENSION_SUFFIXES[0]}"
    before = digest_after(native, "\x7fELF\0one")
    assert digest_after(native, "\x7fELF\0two") != before


def test_code_that_is_no_python_is_an_error_with_its_name(third_party):
    """The kind itself can be imported: only a step would find out."""
    (third_party / "rules.py").write_text("def late():\n    from theirs import worse\nRULE = 1\n")
    with pytest.raises(EdgebuildError, match=r"theirs/worse\.py is not valid Python: "):
        digest_after(third_party / "worse.py", "RULE = = 1\n")


def test_an_edit_after_the_digest_is_noticed(third_party):
    kinds = Kinds(modules={"pass/fold": "theirs.fold"})
    rules = third_party / "rules.py"
    digest_after(rules, "RULE = 1\n")
    assert world.edited(kinds, "pass/fold") is None
    before = rules.stat()
    rules.chmod(0o600)
    assert world.edited(kinds, "pass/fold") is None, "its content is as it was"
    rules.write_text("RULE = 2\n")
    os.utime(rules, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert world.edited(kinds, "pass/fold") == rules
    rules.unlink()
    assert world.edited(kinds, "pass/fold") == rules
