"""How long a frame takes: the figures, and how they are spread."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any

from edgebuild.report.charts.bars import histogram
from edgebuild.report.figures import number, numbers
from edgebuild.report.headline import measured
from edgebuild.report.markup import element, num, row, table
from edgebuild.report.sections.words import cell, code, evidence, sentence

_BY = {
    "onnxruntime": "ONNX Runtime on this host's CPU",
    "openvino": "OpenVINO on this host's CPU",
    "litert": "LiteRT on this host's CPU",
    "ncnn": "NCNN on this host's CPU",
    "roofline": "the target's roofline: operations and bytes over its peak figures",
    "depthai": "the attached device, through DepthAI",
    "qai_hub": "a profile job of Qualcomm AI Hub on its device",
}


def section(report: Mapping[str, Any]) -> list[ET.Element]:
    """Empty where no time was measured or estimated."""
    rows = list(measured(report, "latency."))
    details = report["details"].get("latency") or {}
    if not rows and not details:
        return []
    times = numbers(details.get("ms"))
    found = [_how(details)] if details else []
    if len(times) > 2:
        found.append(
            histogram(times, _marks(rows), unit="ms", label=f"Time of {len(times)} frames")
        )
    if details and not details.get("runs"):
        # An estimate is one figure: a table would say it three times.
        rows = [m for m in rows if m["metric"].endswith(("ms_p50", "throughput_fps"))]
    if rows:
        note = str(details.get("note") or "")
        made = [
            row(
                code(m["metric"]),
                cell(m["value"], _unit(m["metric"])),
                element("td", evidence(m["evidence"])),
                element("td", _detail(m["detail"], note), class_="dim"),
            )
            for m in rows
        ]
        found.append(table(["figure", num("value"), "evidence", ""], made))
    return found


def _marks(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, float]]:
    """The percentiles as they were measured."""
    found = []
    for name in ("p50", "p95", "p99"):
        values = numbers([m["value"] for m in rows if m["metric"] == f"latency.ms_{name}"])
        found += [(name, values[0])] if values else []
    return found


def _how(details: Mapping[str, Any]) -> ET.Element:
    by = str(details.get("by", ""))
    parts = [f"By {_BY.get(by, by)}"]
    if details.get("cpu"):
        parts.append(str(details["cpu"]))
    if details.get("runs") and details.get("evidence") != "estimated":
        parts.append(f"{details['runs']} runs")
    if details.get("warmup_ms") is not None:
        parts.append(f"the first {number(_short(details['warmup_ms']), 'ms')}")
    said = element("p", ", ".join(parts), ". ", evidence(details.get("evidence")), class_="dim")
    if details.get("note"):
        said.append(element("span", f" {sentence(str(details['note']))}"))
    return said


def _detail(text: str, note: str) -> str:
    """Without what is said above the table already."""
    return "; ".join(part for part in text.split("; ") if part and part != note)


def _unit(metric: str) -> str:
    return "ms" if "ms" in metric.partition(".")[2].split("_") else "fps" if "fps" in metric else ""


def _short(value: Any) -> Any:
    found = numbers([value])
    return float(f"{found[0]:.3g}") if found else value
