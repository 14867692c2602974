"""A report as JUnit XML: a test case a gate, in the form that Jenkins, GitLab and others render.

Elements and attributes are those of the schema of Jenkins' xUnit plugin (junit-10.xsd), which the others
read too: `properties` before the cases, no `skipped` on the root. A check's time is shared evenly
by its gates, so that the sum holds.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from typing import Any

from edgebuild.report.figures import figure
from edgebuild.report.markup import clean


def suite(document: Mapping[str, Any]) -> bytes:
    """One `testsuite`; failed and unproven gates are failures, waived ones are skipped."""
    times = _times(document)
    cases = [_case(document["name"], finding, times) for finding in document["findings"]]
    counts: dict[str, str] = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "time": f"{sum(float(case.get('time', 0)) for case in cases):.3f}",
    }
    root = ET.Element("testsuites", {"name": "edgebuild", **counts})
    skipped = sum(case.find("skipped") is not None for case in cases)
    top = ET.SubElement(
        root, "testsuite", {"name": clean(document["name"]), "skipped": str(skipped), **counts}
    )
    properties = ET.SubElement(top, "properties")
    for name, value in _properties(document):
        ET.SubElement(properties, "property", name=clean(name), value=clean(value))
    top.extend(cases)
    ET.indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root) + b"\n"


def _case(name: str, finding: Mapping[str, Any], times: Mapping[str, float]) -> ET.Element:
    metric = finding["metric"] + (f" [{finding['output']}]" if finding["output"] else "")
    case = ET.Element(
        "testcase",
        classname=clean(name.replace(".", "_").replace("/", ".")),
        name=clean(metric),
        time=f"{times.get(_check(finding), 0.0):.3f}",
    )
    found = figure(finding["value"])
    value = "not measured" if found is None else f"{found:.6g}"
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


def _properties(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What identifies the artifact; a document that is not a variant's has less of it."""
    about = document.get("about") or {}
    found = [(key, document[key]) for key in ("model", "target", "label", "backend", "schema")
             if document.get(key)]  # fmt: skip
    if about:
        found.append(("version", about["model"]["version"]))
        found.append(("edgebuild", about["edgebuild"]))
    found += [(f"sha256 {f['name']}", f["sha256"]) for f in document.get("files", ())]
    found += [
        (f"likely cause {i}", f"{d['cause']} ({d['evidence']})")
        for i, d in enumerate(document.get("diagnosis", ()), 1)
    ]
    return [(str(name), str(value)) for name, value in found]


def _times(document: Mapping[str, Any]) -> dict[str, float]:
    """Seconds of a check's step by each gate on it."""
    gates = Counter(map(_check, document["findings"]))
    return {
        name: s["seconds"] / gates[name]
        for s in document.get("pipeline", ())
        if s["kind"].startswith("check/") and gates[name := s["kind"].removeprefix("check/")]
    }


def _check(finding: Mapping[str, Any]) -> str:
    return str(finding["metric"]).partition(".")[0]
