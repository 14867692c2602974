"""`doit kinds` lists every kind and metric, and prints the manual page of one."""

import io
from pathlib import Path

import pytest

from edgebuild.errors import EdgebuildError
from edgebuild.settings import Settings
from edgebuild.verbs import Context, kinds


@pytest.fixture
def context(tmp_path):
    return Context(root=tmp_path, settings=Settings(home=tmp_path), out=io.StringIO())


def test_everything_in_the_folders_is_listed(context):
    kinds.run(context)
    text = context.out.getvalue()
    for path in (Path(kinds.__file__).parents[1] / "steps").glob("*/*.py"):
        if not path.stem.startswith("_"):
            assert path.stem in text, path


def test_a_manual_page_has_parameters_with_their_docs(context):
    kinds.run(context, kind="quantize_int8")
    text = context.out.getvalue()
    assert text.startswith("pass/quantize_int8\n==================\n")
    assert "reads:     model, calibration" in text
    assert "activation:" in text


def test_a_metrics_page_says_what_is_computed_of_what(context):
    kinds.run(context, kind="metric/tversky")
    text = context.out.getvalue()
    assert text.startswith("metric/tversky\n==============\nTversky index: TP / (TP + alpha FP")
    assert "in accept: quality.tversky: {min: ..., threshold: ..., alpha: ..., beta: ...}\n" in text
    assert "  alpha: float (default 0.3)  weight of false positives\n" in text
    for name in context.kinds.quality_metrics():
        page = context.kinds.manual(f"metric/{name}")
        assert "truth" in page, name
        assert "redictions" in page, name


def test_every_kind_has_a_manual_page(context):
    for role in ("source", "data", "pass", "backend", "runtime", "probe", "check", "training"):
        for name in context.kinds.names(role):
            assert len(context.kinds.manual(f"{role}/{name}")) > 20, name


def test_an_unknown_kind_gets_a_suggestion(context):
    with pytest.raises(EdgebuildError) as caught:
        kinds.run(context, kind="simplfy")
    assert str(caught.value) == "error: unknown kind `simplfy`\nhint: did you mean `simplify`?"
