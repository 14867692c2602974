"""The registry of kinds: found without an import, imported when asked for."""

import importlib.metadata
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from edgebuild.errors import EdgebuildError
from edgebuild.kinds import BrokenKindError, Kinds, UnknownKindError, load_kinds
from edgebuild.params import params_schema

KIND = """\
'''Makes it simple.

At length.'''
from edgebuild.step import Metric, StepKind
KIND = StepKind(role={role!r}, run=print, tools="onnx", metrics={{"worst_db": Metric(doc="worst")}})
METRIC = Metric(doc="best")
statistics = score = print
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A folder modules can be written to and imported from."""
    monkeypatch.syspath_prepend(str(tmp_path))
    written = []

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)


@pytest.fixture
def kinds(package):
    modules = {
        "pass/simplify": package("kinds_test_simplify", KIND.format(role="pass")),
        "pass/fold_constants": package("kinds_test_fold", KIND.format(role="pass")),
        "check/parity": package("kinds_test_parity", KIND.format(role="check")),
    }
    return Kinds(
        modules=modules, quality={"psnr_db": package("kinds_test_psnr", KIND.format(role="x"))}
    )


def test_names_are_known_without_an_import(kinds):
    assert kinds.names("pass") == ("fold_constants", "simplify")
    assert kinds.names("backend") == ()
    assert kinds.quality_metrics() == ("psnr_db",)
    assert not {"kinds_test_simplify", "kinds_test_psnr"} & set(sys.modules)


def test_a_kind_is_imported_when_asked_for(kinds):
    assert kinds.get("pass/simplify").role == "pass"
    assert "kinds_test_simplify" in sys.modules
    assert "kinds_test_fold" not in sys.modules


def test_the_manual_page_is_the_modules_docstring(kinds):
    assert kinds.manual("pass/simplify") == "Makes it simple.\n\nAt length."
    assert kinds.manual("metric/psnr_db").startswith("Makes it simple.")


def test_modules_are_named(kinds):
    assert kinds.module("pass/simplify") == "kinds_test_simplify"
    assert kinds.module("metric/psnr_db") == "kinds_test_psnr"


def test_metrics_have_the_name_of_their_check_or_quality(kinds):
    metrics = {name: metric.doc for name, metric in kinds.metrics().items()}
    assert metrics == {"parity.worst_db": "worst", "quality.psnr_db": "best"}


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (
            "pass/simplfy",
            "error: unknown pass `simplfy`\n"
            "hint: did you mean `simplify`? `doit kinds` shows all of them",
        ),
        ("backend/x", "error: unknown backend `x`\nhint: `doit kinds` shows all of them"),
        (
            "metric/psnr",
            "error: unknown metric `psnr`\n"
            "hint: did you mean `psnr_db`? `doit kinds` shows all of them",
        ),
        (
            "paths/x",
            "error: unknown role `paths`\n"
            "hint: there are: source, data, pass, backend, runtime, probe, check, training",
        ),
    ],
)
def test_what_is_unknown_gets_a_suggestion(kinds, asked, text):
    with pytest.raises(UnknownKindError) as caught:
        kinds.get(asked) if not asked.startswith("metric") else kinds.manual(asked)
    assert str(caught.value) == text


def test_a_module_that_is_no_kind(package):
    empty = package("kinds_test_empty", "")
    wrong = package("kinds_test_wrong", KIND.format(role="check"))
    kinds = Kinds(modules={"pass/empty": empty, "pass/wrong": wrong}, quality={"empty": empty})
    for name in ("empty", "wrong"):
        with pytest.raises(BrokenKindError) as caught:
            kinds.get(f"pass/{name}")
        assert str(caught.value) == (
            f"error: module `kinds_test_{name}` does not define a pass\n"
            f"  kind  pass/{name}\n"
            'hint: it must have `KIND = StepKind(role="pass", ...)`'
        )
    with pytest.raises(BrokenKindError, match="does not define a metric"):
        kinds.metrics()


@pytest.mark.parametrize(
    ("produces", "wrong"),
    [
        ({"model": "../../model.onnx"}, "`../../model.onnx`, which is no file's name"),
        ({"model": "/etc/cron.d/x"}, "`/etc/cron.d/x`, which is no file's name"),
        ({"model": ".."}, "`..`, which is no file's name"),
        ({"model": "m", "more": "m"}, "two outputs as `m`"),
    ],
)
def test_outputs_have_names_of_their_own_in_the_steps_folder(package, produces, wrong):
    name = f"kinds_test_out_{len(wrong)}"
    code = f"from dataclasses import replace\n{KIND.format(role='pass')}\n"
    module = package(name, f"{code}KIND = replace(KIND, produces={produces!r})\n")
    with pytest.raises(BrokenKindError) as caught:
        Kinds(modules={"pass/out": module}).get("pass/out")
    assert str(caught.value) == (
        f"error: pass `out` writes {wrong}\n"
        f"  module  {name}\n"
        "hint: `produces` maps each port to a file name of its own, without folders"
    )


def test_a_metric_that_cannot_score(package):
    module = package(
        "kinds_test_old", "from edgebuild.step import Metric\nMETRIC = Metric(doc='x')\n"
    )
    with pytest.raises(BrokenKindError) as caught:
        Kinds(modules={}, quality={"old": module}).metrics()
    assert str(caught.value) == (
        "error: module `kinds_test_old` does not define a metric\n"
        "hint: it must have `METRIC = Metric(...)`, `statistics(predictions, truth, params)` and"
        " `score(statistics, times)`; package `edgebuild.steps.metrics` says what they are"
    )


def test_a_metrics_parameter_is_no_limit(package):
    code = """
from dataclasses import dataclass
from edgebuild.step import Metric, param

@dataclass(frozen=True, kw_only=True)
class Params:
    max: float = param("largest value", 1.0)

METRIC = Metric(doc="x", params=Params)
statistics = score = print
"""
    module = package("kinds_test_clash", code)
    with pytest.raises(BrokenKindError) as caught:
        Kinds(modules={}, quality={"clash": module}).metrics()
    assert str(caught.value) == (
        "error: a parameter of metric `clash` cannot be called `max`\n"
        "  module  kinds_test_clash\n"
        "hint: that is a limit's own, as are all of: min, max, max_drop, confidence, evidence"
    )


def test_a_module_that_fails_to_import(package):
    kinds = Kinds(modules={"pass/broken": package("kinds_test_broken", "1 / 0")})
    with pytest.raises(EdgebuildError, match="cannot import pass/broken: ZeroDivisionError"):
        kinds.get("pass/broken")


def test_edgebuilds_own_kinds_are_found_by_their_place():
    kinds = load_kinds()
    assert "onnx" in kinds.names("source")
    assert kinds.module("source/onnx") == "edgebuild.steps.sources.onnx"
    assert not any(
        name.startswith("_") for name in (*kinds.names("pass"), *kinds.quality_metrics())
    )


def test_every_own_kind_can_be_used():
    kinds = load_kinds()
    for kind_id in kinds.modules:
        assert params_schema(kinds.get(kind_id).params)["additionalProperties"] is False
        assert kinds.manual(kind_id)
    assert all(metric.doc for metric in kinds.metrics().values())


def test_finding_kinds_imports_none_of_them():
    code = (
        "import sys; from edgebuild.kinds import load_kinds; k = load_kinds(); k.names('pass');"
        "assert not [m for m in sys.modules if m.startswith('edgebuild.steps.')]"
    )
    path = os.pathsep.join(sys.path)
    env = {**os.environ, "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)


@pytest.fixture
def installed(monkeypatch):
    """Pretends that packages with these entry points are installed."""

    def install(**points):
        found = [SimpleNamespace(name=n.replace("__", "/"), value=v) for n, v in points.items()]
        monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: found)

    return install


def test_packages_add_kinds_and_metrics_by_entry_point(installed, package):
    installed(
        pass__ours=package("kinds_test_ours", KIND.format(role="pass")), metric__sharpness="theirs"
    )
    kinds = load_kinds()
    assert kinds.get("pass/ours").role == "pass"
    assert kinds.module("metric/sharpness") == "theirs"


def test_two_packages_cannot_claim_one_kind(installed):
    installed(source__onnx="theirs")
    with pytest.raises(BrokenKindError) as caught:
        load_kinds()
    assert str(caught.value) == (
        "error: two modules provide `source/onnx`\n"
        "  one    edgebuild.steps.sources.onnx\n"
        "  other  theirs"
    )


@pytest.mark.parametrize("name", ["ours", "paths__ours", "pass__a-b"])
def test_an_entry_point_must_name_a_kind(installed, name):
    installed(**{name: "theirs"})
    with pytest.raises(BrokenKindError, match="does not name a kind"):
        load_kinds()
