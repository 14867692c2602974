"""A report is read only if it is one: whatever lies among the artifacts stops no build."""

import json
import os

import pytest

from edgebuild.report.read import published, read_report

REPORT = {
    "schema": "edgebuild-report/1", "name": "net/board", "model": "net", "target": "board",
    "label": "", "backend": "upper", "accepted": True, "findings": [],
    "files": [{"name": "model.upper", "sha256": "ab" * 32, "size_bytes": 3}],
}  # fmt: skip


def test_a_report_is_read(tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(REPORT))
    assert read_report(path) == REPORT


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 100_000,
        json.dumps({**REPORT, "schema": "edgebuild-report/99"}).encode(),
        json.dumps({**REPORT, "accepted": "yes"}).encode(),
        json.dumps({**REPORT, "label": None}).encode(),
        json.dumps({**REPORT, "files": [{}]}).encode(),
        json.dumps({**REPORT, "files": [3]}).encode(),
        json.dumps({**REPORT, "about": None}).encode(),
        json.dumps({**REPORT, "about": {}}).encode(),
        json.dumps({**REPORT, "pipeline": 3}).encode(),
        json.dumps({**REPORT, "findings": [{"metric": "a", "verdict": "b", "output": []}]}).encode(),
        json.dumps({**REPORT, "measurements": [{"metric": "a", "evidence": "b", "output": []}]}).encode(),
    ],
)  # fmt: skip
def test_what_is_no_report_is_none(tmp_path, content):
    path = tmp_path / "report.json"
    path.write_bytes(content)
    assert read_report(path) is None


def test_what_could_be_read_for_ever_is_not_read(tmp_path):
    for name, make in (("zero", lambda p: p.symlink_to("/dev/zero")), ("pipe", os.mkfifo)):
        (tmp_path / name).mkdir()
        make(tmp_path / name / "report.json")
        assert read_report(tmp_path / name / "report.json") is None
    assert list(published(tmp_path)) == []


def test_an_absent_file_and_a_folder_are_none(tmp_path):
    (tmp_path / "report.json").mkdir()
    assert read_report(tmp_path / "report.json") is None
    assert read_report(tmp_path / "absent/report.json") is None


def test_every_report_below_a_folder_but_none_that_is_being_written(tmp_path):
    for name in ("b", "a/rejected", ".tmp/x", "broken"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "report.json").write_text(json.dumps(REPORT) if name != "broken" else "")
    found = [str(path.relative_to(tmp_path)) for path, _ in published(tmp_path)]
    assert found == ["a/rejected/report.json", "b/report.json"]
