"""junit.xml is what Jenkins' and GitLab's readers take."""

import xml.etree.ElementTree as ET

import pytest
from fakereport import finding, variant

from edgebuild.report import junit

# Of the schema of Jenkins' xUnit plugin: attributes an element may have, and elements in it.
ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname", "id", "package"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": (
        {"classname", "name", "time", "status"}, {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}  # fmt: skip


def suite(document):
    return ET.fromstring(junit.suite(document)).find("testsuite")


@pytest.mark.parametrize("accepted", [True, False])
def test_elements_and_attributes_are_those_that_ci_servers_know(accepted):
    root = ET.fromstring(junit.suite(variant("int8", accepted=accepted)))
    for parent in root.iter():
        attributes, children = ALLOWED[parent.tag]
        assert set(parent.attrib) <= attributes
        assert {child.tag for child in parent} <= children
    assert root.find("testsuite")[0].tag == "properties"


def test_what_does_not_hold_is_a_failure_with_its_reason():
    found = suite(variant("int8", accepted=False))
    counts = {key: found.get(key) for key in ("tests", "failures", "skipped", "errors")}
    assert counts == {"tests": "7", "failures": "2", "skipped": "1", "errors": "0"}
    failed = found.find("testcase[@name='quality.map50']")
    assert failed.get("classname") == "head-body.board-50.int8"
    failure = failed.find("failure")
    assert failure.get("type") == "failed"
    assert failure.get("message") == failure.text
    assert failure.text == (
        "0.8621, wanted >= 0.9, drop <= 0.03, by emulated:"
        " below 0.9; 0.0832 worse than the source's 0.9453"
    )
    unproven = found.find("testcase[@name='latency.ms_p50']/failure")
    assert unproven.get("type") == "unproven"
    assert unproven.text == "not measured ms, wanted <= 20: no device is attached"
    causes = [p.get("value") for p in found.iter("property") if p.get("name").startswith("likely")]
    assert causes[0].startswith("channels of the calibration data are swapped (fed as BGR")


def test_times_of_the_gates_add_up_to_those_of_their_checks():
    found = suite(variant("int8"))
    times = {case.get("name"): float(case.get("time")) for case in found.iter("testcase")}
    assert times["parity.sqnr_db [heatmap]"] == times["parity.sqnr_db [offset]"] == 0.105
    assert times["quality.map50"] == 0.84
    assert float(found.get("time")) == pytest.approx(sum(times.values()))


def test_it_says_of_which_files_it_speaks():
    document = variant("int8")
    names = {p.get("name"): p.get("value") for p in suite(document).iter("property")}
    assert names["sha256 model.dlc"] == document["files"][0]["sha256"]
    assert (names["version"], names["backend"]) == ("1.2.0", "qnn_dlc")


def test_characters_that_xml_cannot_hold_or_that_turn_text_around_break_nothing():
    document = variant("int8")
    detail = "\x1b[31m\x9b\u202e\u2067"
    document["findings"] = [finding("a\x00b", "inf", "<= 0", "failed", detail=detail)]
    (case,) = suite(document).iter("testcase")
    assert case.get("name") == "a?b"
    assert case.find("failure").text == "inf, wanted <= 0, by emulated: ?[31m???"
