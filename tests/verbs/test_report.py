"""`doit report` and `doit show` tell verdicts, also beside reports that are broken."""

import io

import pytest
from fakebuild import build
from fakeproject import limit, matrix, model, project

from edgebuild.errors import EdgebuildError
from edgebuild.manifest.model import ModelTarget
from edgebuild.settings import Settings
from edgebuild.verbs import Context, report, show


@pytest.fixture
def context(tmp_path):
    """`net` was built in two variants, `heavy` was rejected."""
    on_board = ModelTarget(target="board", matrix=matrix(times=[1, 2]))
    strict = ModelTarget(target="board", accept=(limit("length.bytes", max=1),))
    for name in ("net", "heavy"):
        (tmp_path / f"{name}.txt").write_text("alpha")
    made = project(
        tmp_path, model(targets={"board": on_board}), model("heavy", targets={"board": strict})
    )
    build(made, tmp_path / "home")
    context = Context(root=tmp_path, settings=Settings(home=tmp_path / "home"), out=io.StringIO())
    context.__dict__["project"] = made
    return context


def reports(context):
    return sorted((context.root / "artifacts/board/net").rglob("report.json"))


def test_verdicts_are_told_with_the_place_of_the_page(context):
    assert report.run(context, target="board")
    lines = context.out.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["REJECTED", "accepted", "accepted"]
    assert all(line.endswith("report.html") for line in lines)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_table_has_every_variant(context, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    context.__dict__["out"] = Terminal()
    assert show.run(context)
    text = context.out.getvalue()
    assert text.count("✓") == 2
    assert text.count("✗ rejected") == 1
    assert "━" in text


def test_where_a_table_has_no_room_each_variant_has_a_line_with_its_whole_name(
    context, monkeypatch
):
    lines = "REJECTED   heavy/board\naccepted   net/board/times-1\naccepted   net/board/times-2\n"
    assert show.run(context)
    assert context.out.getvalue() == lines
    monkeypatch.setenv("COLUMNS", "20")
    context.__dict__["out"] = Terminal()
    assert show.run(context)
    assert context.out.getvalue() == lines


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "null", '{"accepted": true}', '{"accepted": 1, "label": []}']
)
def test_a_broken_report_is_named_with_its_remedy_and_hides_no_other(context, content):
    broken = reports(context)[0]
    broken.chmod(0o644)
    broken.write_text(content)
    assert not report.run(context, target="board")
    text = context.out.getvalue()
    assert f"unreadable  {broken}\n  doit build target=board writes it again" in text
    assert text.count("accepted  ") == 1
    assert show.run(context)
    assert context.out.getvalue().count("accepted   net/") == 1
    build(context.project, context.root / "home")
    assert report.run(context, target="board")


def test_a_target_never_built_is_an_error(context):
    with pytest.raises(EdgebuildError, match="nothing was built for `other` yet"):
        report.run(context, target="other")
