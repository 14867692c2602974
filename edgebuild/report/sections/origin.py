"""What the artifact is and where it comes from: contract, files, steps, tools, all figures."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from edgebuild.report.figures import between, bytes_text, count
from edgebuild.report.markup import Cell, element, folded, num, row, table
from edgebuild.report.sections.words import cell, code, evidence

# Roles of steps without which the artifact would be the same.
_EXAMINING = ("runtime", "probe", "check")


def contract(report: Mapping[str, Any]) -> list[ET.Element]:
    """Inputs and outputs as the artifact's own bytes say."""
    rows = [
        row(
            side.removesuffix("s"),
            code(t["name"]),
            code(" × ".join(map(str, t["shape"]))),
            t["dtype"],
            _meaning(t),
        )
        for side in ("inputs", "outputs")
        for t in report["contract"].get(side, [])
    ]
    return [table(["", "name", "shape", "type", "meaning"], rows)] if rows else []


def files(report: Mapping[str, Any]) -> list[ET.Element]:
    rows = [
        row(
            code(f["name"]),
            cell(f["size_bytes"], "bytes"),
            element("td", element("code", f["sha256"]), class_="digest"),
        )
        for f in report["files"]
    ]
    return [table(["file", num("size"), "sha256"], rows)] if rows else []


def pipeline(report: Mapping[str, Any]) -> list[ET.Element]:
    """Every step that the artifact and its report needed, in order, with its share of the work; those that
    examine the artifact are folded."""
    stages = report["pipeline"]
    if not stages:
        return []
    longest = max(s["seconds"] for s in stages) or 1
    made = [s for s in stages if s["kind"].partition("/")[0] not in _EXAMINING]
    others = [s for s in stages if s["kind"].partition("/")[0] in _EXAMINING]
    work = math.fsum(s["seconds"] for s in stages)
    said = element(
        "p", f"{count(len(stages), 'step')}, {work:.1f} s of work. Times are those of the run that made"
        " a result, whenever that was.", class_="dim",
    )  # fmt: skip
    found = [said, element("ol", *(_stage(s, longest) for s in made), class_="pipe")]
    if others:
        listing = element("ol", *(_stage(s, longest) for s in others), class_="pipe")
        found.append(folded(f"{count(len(others), 'step')} that examine it", listing))
    return found


def _stage(s: Mapping[str, Any], longest: float) -> ET.Element:
    outputs = ", ".join(
        f"{port} {o['sha256'][:12]} ({bytes_text(o['size_bytes'])})"
        for port, o in s["outputs"].items()
    )
    outputs = f"made {outputs}" if outputs else "made nothing"
    return element(
        "li",
        element("b", s["step"]),
        element("span", f"{s['seconds']:.2f} s, {s['how']}", class_="num"),
        element("span", s["kind"], class_="dim"),
        element("code", f"key {s['key'][:12]}", class_="dim"),
        *(element("code", words, class_="dim made") for words in (_told(s), _read(s)) if words),
        element("code", outputs, class_="dim made"),
        element("i", style=f"width: {100 * s['seconds'] / longest:.1f}%"),
    )


def _told(s: Mapping[str, Any]) -> str:
    """What the manifest says of a step, defaults among it."""
    params = s.get("params") or {}
    return ", ".join(f"{name}: {json.dumps(value)}" for name, value in params.items())


def _read(s: Mapping[str, Any]) -> str:
    """What it read: results of other steps, which have the same digests there, and files."""
    inputs = s.get("inputs") or {}
    return (
        "read "
        + ", ".join(
            f"{port} {i['sha256'][:12]}" + (f" ({i['name']})" if i["name"] else "")
            for port, i in inputs.items()
        )
        if inputs
        else ""
    )


def tools(report: Mapping[str, Any]) -> list[ET.Element]:
    about = report["about"]
    rows = [
        row(name, ", ".join(f"{package} {version}" for package, version in packages.items()))
        for name, packages in about["tools"].items()
        if packages  # the environment `python` has the standard library only
    ]
    return [table(["environment", "packages"], [row("edgebuild", about["edgebuild"]), *rows])]


def measurements(report: Mapping[str, Any]) -> list[ET.Element]:
    rows = []
    for m in report["measurements"]:
        ends = between(m.get("interval"))
        rows.append(
            row(
                code(m["metric"]),
                code(m["output"]),
                cell(m["value"]),
                element("td", f"{ends[0]:.4g} … {ends[1]:.4g}" if ends else "", class_="num"),
                cell(m["baseline"]) if m["baseline"] is not None else "",
                element("td", evidence(m["evidence"])),
                element("td", m["detail"], class_="dim"),
            )
        )
    if not rows:
        return []
    head: list[Cell] = [
        "metric",
        "output",
        num("value"),
        num("95 % interval"),
        num("source's"),
        "evidence",
        "",
    ]
    return [folded(f"All {len(rows)} measurements", table(head, rows))]


def _meaning(tensor: Mapping[str, Any]) -> str:
    parts = []
    if tensor.get("layout", "other") != "other":
        parts.append(tensor["layout"])
    if tensor.get("color", "none") != "none":
        parts.append(tensor["color"])
    parts += [
        f"{name} {', '.join(f'{v:g}' for v in tensor[name])}"
        for name in ("mean", "scale")
        if tensor.get(name)
    ]
    quantisation = tensor.get("quantization")
    if isinstance(quantisation, Mapping):
        parts.append(", ".join(f"{k} {v}" for k, v in quantisation.items()))
    if tensor.get("unit"):
        parts.append(tensor["unit"])
    return "; ".join(parts)
