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


@pytest.mark.parametrize(
    ("name", "page"),
    [("quality.accuracy", "metric/accuracy"), ("parity.sqnr_db", "check/parity")],
)
def test_a_metric_is_found_by_the_name_that_accept_has(context, name, page):
    kinds.run(context, kind=name)
    assert context.out.getvalue().startswith(f"{page}\n")


def test_units_and_columns_can_be_read(context):
    kinds.run(context)
    kinds.run(context, kind="check/size")
    kinds.run(context, kind="quantize_int8")
    lines = context.out.getvalue().splitlines()
    start = lines.index("metrics:") + 1
    rows = [line for line in lines[start:] if " is better" in line and line[2] != "m"]
    places = {line.index(line.split(maxsplit=1)[1]) for line in rows[:60]}
    assert len(places) == 1
    size = "size of the artifact, all its files [bytes], lower is better"
    assert f"  measures size.bytes: {size}" in lines
    assert max(map(len, lines[lines.index("check/size") :])) <= 120
    assert not [line for line in lines if line != line.rstrip()]


def test_every_kind_has_a_manual_page(context):
    for role in ("source", "data", "pass", "backend", "runtime", "probe", "check", "training"):
        for name in context.kinds.names(role):
            assert len(context.kinds.manual(f"{role}/{name}")) > 20, name


def test_an_unknown_kind_gets_a_suggestion(context):
    with pytest.raises(EdgebuildError) as caught:
        kinds.run(context, kind="simplfy")
    assert str(caught.value) == "error: unknown kind `simplfy`\nhint: did you mean `simplify`?"
