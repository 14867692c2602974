"""Reports show what was found, in one file, whatever characters it has."""

import json
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from edgebuild.report import index, render

FINDING = {
    "metric": "parity.sqnr_db", "value": 41.25, "unit": "dB", "limit": ">= 40", "verdict": "passed",
    "evidence": "host", "output": "mask", "detail": "", "bound": 40.0,
}  # fmt: skip
REPORT = {
    "schema": "edgebuild-report/1",
    "name": "net/board",
    "model": "net",
    "target": "board",
    "label": "",
    "backend": "myriad_blob",
    "accepted": False,
    "about": {
        "model": {"version": "1.0.0", "license": "MIT", "description": "<script>alert(1)</script>"},
        "target": {"description": "", "device": {"vendor": "Intel", "soc": "Myriad X"}},
        "edgebuild": "0.1.0",
        "tools": {"onnx": {"onnx": "1.23.2"}},
    },
    "findings": [
        FINDING,
        {**FINDING, "metric": "quality.miou", "verdict": "failed", "value": 0.5, "limit": ">= 0.9"},
        {**FINDING, "metric": "latency.ms", "verdict": "unproven", "value": None, "evidence": None},
        {**FINDING, "metric": "size.bytes", "verdict": "waived", "detail": "until \x00 then"},
    ],
    "measurements": [
        {"metric": "parity.sqnr_db", "value": 41.25, "evidence": "host", "output": "mask",
         "baseline": None, "detail": ""},
    ],
    "details": {},
    "contract": {
        "inputs": [{"name": "image", "shape": [1, 3, 4, 4], "dtype": "uint8"}],
        "outputs": [{"name": "mask", "shape": [1, 1, 4, 4], "dtype": "float16"}],
    },
    "placement": [
        {"name": "s1", "op": "Conv", "engine": "NCE", "layer": "conv", "fallback": False, "reason": ""},
        {"name": "s2", "op": "Relu", "engine": "SHAVE", "layer": "", "fallback": True, "reason": "no"},
    ],
    "pipeline": [
        {"step": "net/source", "kind": "source/onnx", "how": "built", "seconds": 1.5, "key": "ab" * 32,
         "outputs": {"model": {"sha256": "cd" * 32, "size_bytes": 1234}}, "reasons": [], "tools": "onnx"},
    ],
    "files": [{"name": "model.blob", "sha256": "ef" * 32, "size_bytes": 170624}],
}  # fmt: skip


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [v for k, v in attributes if k in ("src", "href") and v]

    def handle_data(self, data):
        self.text += data


def test_the_page_says_what_was_found_and_asks_nothing_of_the_network():
    page = Page(render.files(REPORT)["report.html"].decode())
    for text in (
        "rejected",
        "quality.miou",
        "not measured",
        "41.25 dB",
        "170.62 kB",
        "NCE",
        "image",
    ):
        assert text in page.text
    assert "<script>alert(1)</script>" in page.text
    assert "script" not in page.tags
    assert page.links == []


def test_junit_counts_what_does_not_hold_as_failures():
    suite = ET.fromstring(render.files(REPORT)["junit.xml"]).find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "2", "1")
    failure = suite.find("testcase[@name='quality.miou [mask]']/failure")
    assert failure.get("message") == "0.5 dB, wanted >= 0.9, by host"


def test_report_json_is_the_document():
    assert json.loads(render.files(REPORT)["report.json"]) == REPORT


@pytest.mark.parametrize("accepted", [True, False])
def test_the_index_links_every_report(accepted):
    reports = {"board/net/report.html": {**REPORT, "accepted": accepted}}
    page = Page(index.page(reports, [("other", "board", "GRU is not supported")]))
    assert page.links == ["board/net/report.html"]
    assert ("all accepted" in page.text) == accepted
    assert "refused" in page.text
