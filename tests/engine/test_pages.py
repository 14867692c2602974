"""Pages of several variants are complete when a build ends, and the same when nothing has changed."""

import json
import os
import shutil
import time

import pytest
from fakebuild import TODAY, build
from fakeproject import limit, matrix, model, project
from htmlpage import Page

from edgebuild.engine import history, noop
from edgebuild.engine.abilities import circumstances
from edgebuild.manifest.model import ModelTarget
from edgebuild.report.read import published


@pytest.fixture
def place(tmp_path):
    (tmp_path / "net.txt").write_text("alpha beta")
    (tmp_path / "manifests/models/net").mkdir(parents=True)
    (tmp_path / "manifests/models/net/manifest.yaml").touch()
    (tmp_path / "manifests/targets").mkdir()
    (tmp_path / "manifests/targets/board.yaml").touch()
    time.sleep(0.05)  # a record trusts no file as young as the build
    noop.check(noop.path(tmp_path / ".edgebuild", "board", None), "", today="")
    return tmp_path


def run(place, times=(1, 2), **more):
    on_board = ModelTarget(target="board", matrix=matrix(times=list(times)), **more)
    return build(project(place, model(targets={"board": on_board})), place / "home")


def links(place, inside):
    return Page((place / "artifacts/board/net" / inside / "report.html").read_text()).links


def lines(place):
    text = (place / ".edgebuild/history.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


# ------------------------------------------------------------------------------ siblings


def test_each_report_shows_the_other_variants_whichever_was_published_first(place):
    run(place)
    assert "../times-2/report.html" in links(place, "times-1")
    assert "../times-1/report.html" in links(place, "times-2")
    assert "../../../index.html" in links(place, "times-1")


def test_a_rejected_one_is_among_them_and_shows_them(place):
    run(place, accept=(limit("length.bytes", max=12),))
    assert "../times-2/rejected/report.html" in links(place, "times-1")
    assert "../../times-1/report.html" in links(place, "times-2/rejected")
    assert "../../../../index.html" in links(place, "times-2/rejected")


def test_a_folder_whose_name_is_no_text_stops_no_build(place):
    """Somebody's copy of an artifact, from a system that wrote names in Latin-1."""
    run(place)
    copy = os.fsdecode(os.fsencode(place / "artifacts") + b"/board-\xe9")
    shutil.copytree(place / "artifacts/board", copy)
    run(place, times=(1, 2, 3))
    index = (place / "artifacts/index.html").read_text()
    assert "board-%E9/net/times-1/report.html" in index


def test_one_that_goes_is_no_longer_shown(place):
    run(place)
    run(place, times=(1,))
    assert not [link for link in links(place, "times-1") if "times-2" in link]


def test_a_build_that_changes_nothing_touches_no_page(place):
    run(place)
    run(place)  # now every step says that it was restored
    before = {path: path.read_bytes() for path in (place / "artifacts").rglob("*.html")}
    stamps = {path: path.stat().st_ino for path in before}
    run(place)
    assert len(before) == 3
    assert {path: path.read_bytes() for path in before} == before
    assert {path: path.stat().st_ino for path in before} == stamps


def test_a_build_whose_pages_were_written_again_still_counts_as_done(place):
    run(place)
    context = noop.context("board", None, str(place / "home"), circumstances({}))
    record = noop.path(place / ".edgebuild", "board", None)
    assert noop.check(record, context, today=TODAY.isoformat())
    (place / "artifacts/board/net/times-1/report.html").write_text("another")
    assert noop.check(record, context, today=TODAY.isoformat()) is None


# ------------------------------------------------------------------------------ history


def test_a_build_that_changes_a_variant_adds_a_line_and_one_that_does_not_adds_none(place):
    run(place)
    assert [(line["name"], line["day"]) for line in lines(place)] == [
        ("net/board/times-1", "2026-06-01"), ("net/board/times-2", "2026-06-01"),
    ]  # fmt: skip
    run(place)
    assert len(lines(place)) == 2
    (place / "net.txt").write_text("gamma")
    run(place, accept=(limit("length.bytes", max=6),))
    later = lines(place)[2:]
    assert {(line["name"], line["accepted"]) for line in later} == {
        ("net/board/times-1", True), ("net/board/times-2", False),
    }  # fmt: skip
    index = (place / "artifacts/index.html").read_text()
    assert "oldest first: accepted, rejected" in index


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\n",
        b"[]\nnull\n3\n",
        b'{"name": 3}\n',
        b'{"name": "net/board/times-1"',
        b"[" * 99,
    ],
)
def test_a_damaged_history_is_read_as_far_as_it_goes(place, content):
    run(place)
    path = place / ".edgebuild/history.jsonl"
    path.write_bytes(content + b"\n" + path.read_bytes())
    assert set(history.read(path.parent)) == {"net/board/times-1", "net/board/times-2"}
    (place / "net.txt").write_text("gamma")
    assert not run(place).errors
    assert len(lines(place)) == 4, "what cannot be read is gone, the rest is there"


def test_no_history_can_be_written_and_the_build_still_succeeds(place):
    (place / ".edgebuild/history.jsonl").mkdir(parents=True)
    assert not run(place).errors
    assert "Trend" in (place / "artifacts/index.html").read_text()


def test_history_is_bounded(place):
    run(place)
    (_, document), *_ = published(place / "artifacts")
    for count in range(50):
        document["files"][0]["sha256"] = f"{count:064x}"
        history.note(place / ".edgebuild", [document], f"2026-07-{count % 28 + 1:02}")
    kept = history.read(place / ".edgebuild")[document["name"]]
    assert len(kept) == 30
    assert len(history.read(place / ".edgebuild")["net/board/times-2"]) == 1
