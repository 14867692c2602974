"""A report as JUnit XML: a test case a gate, in the form common CI servers render."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from edgebuild.report.markup import clean


def suite(document: Mapping[str, Any]) -> bytes:
    """One `testsuite`; failed and unproven gates are failures, waived ones are skipped."""
    cases = [_case(document["name"], finding) for finding in document["findings"]]
    root = ET.Element("testsuites")
    top = ET.SubElement(
        root,
        "testsuite",
        name=clean(document["name"]),
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        errors="0",
    )
    top.extend(cases)
    ET.indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root) + b"\n"


def _case(name: str, finding: Mapping[str, Any]) -> ET.Element:
    metric = finding["metric"] + (f" [{finding['output']}]" if finding["output"] else "")
    case = ET.Element("testcase", classname=clean(name.replace("/", ".")), name=clean(metric))
    value = "not measured" if finding["value"] is None else f"{finding['value']:.6g}"
    text = f"{value} {finding['unit']}".strip() + f", wanted {finding['limit']}"
    if finding["evidence"]:
        text += f", by {finding['evidence']}"
    if finding["detail"]:
        text += f": {finding['detail']}"
    if finding["verdict"] in ("failed", "unproven"):
        failure = ET.SubElement(case, "failure", type=finding["verdict"], message=clean(text))
        failure.text = clean(text)
    elif finding["verdict"] == "waived":
        ET.SubElement(case, "skipped", message=clean(text))
    else:
        ET.SubElement(case, "system-out").text = clean(text)
    return case
