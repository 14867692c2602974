"""A report as one self-contained page: verdict, gates with margins, contract, placement, pipeline."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from edgebuild.report.bars import margin_bar, stacked_bar
from edgebuild.report.markup import document, element, row, section, table
from edgebuild.report.style import STYLE

_EVIDENCE = {
    "device": "on the device",
    "emulated": "on the emulator",
    "host": "on the host",
    "estimated": "estimated",
}


def page(report: Mapping[str, Any]) -> str:
    """The whole page; it needs no network and no other file."""
    return document(
        f"{report['name']} - edgebuild",
        STYLE,
        _header(report),
        _cards(report),
        section("Acceptance", _gates(report["findings"])),
        section("Files", _files(report["files"])),
        section("Contract", _contract(report)),
        _placement(report["placement"]),
        section("Measurements", _measurements(report["measurements"])),
        section("Pipeline", _pipeline(report["pipeline"])),
        section("Made with", _tools(report["about"])),
    )


def _header(report: Mapping[str, Any]) -> ET.Element:
    verdict = "accepted" if report["accepted"] else "rejected"
    about = report["about"]
    device = about["target"]["device"]
    where = " ".join(str(device[k]) for k in ("vendor", "soc") if k in device)
    return element(
        "header",
        element("h1", report["name"]),
        element("p", element("span", verdict, class_=f"verdict {verdict}")),
        element("p", about["model"]["description"] or ""),
        element(
            "p",
            f"contract {about['model']['version']}, {about['model']['license']},"
            f" for {about['target']['description'] or report['target']}",
            f" ({where})" if where else "",
            f", by {report['backend']}",
            class_="dim",
        ),
    )


def _cards(report: Mapping[str, Any]) -> ET.Element:
    held = Counter(f["verdict"] for f in report["findings"])
    size = sum(f["size_bytes"] for f in report["files"] if not f["name"].endswith(".json"))
    built = sum(s["seconds"] for s in report["pipeline"])
    cards = [
        (f"{held['passed']}/{len(report['findings'])}", "gates passed"),
        (bytes_text(size), "artifact"),
        (f"{built:.1f} s", "work of all steps"),
    ]
    for name in ("failed", "unproven", "waived"):
        if held[name]:
            cards.insert(1, (str(held[name]), f"gates {name}"))
    return element(
        "div",
        *(element("div", element("b", value), label, class_="card") for value, label in cards),
        class_="cards",
    )


def _gates(findings: Sequence[Mapping[str, Any]]) -> ET.Element:
    order = {"failed": 0, "unproven": 1, "waived": 2, "passed": 3}
    rows = []
    for f in sorted(findings, key=lambda f: order[f["verdict"]]):
        name = f["metric"] + (f" [{f['output']}]" if f["output"] else "")
        cell = element("td", element("code", name))
        if f["detail"]:
            cell.append(element("div", f["detail"], class_="dim"))
        rows.append(
            row(
                cell,
                element("td", number(f["value"], f["unit"]), class_="num"),
                element("td", f["limit"], class_="num limit"),
                margin_bar(f) if f["value"] is not None else "",
                element(
                    "td", _EVIDENCE.get(f["evidence"] or "", "not measured"), class_="evidence"
                ),
                element("td", f["verdict"], class_=f["verdict"]),
                class_=f["verdict"],
            )
        )
    return table(["metric", "value", "limit", "margin", "evidence", "verdict"], rows)


def _files(files: Sequence[Mapping[str, Any]]) -> ET.Element:
    rows = [
        row(
            element("td", element("code", f["name"])),
            element("td", bytes_text(f["size_bytes"]), class_="num"),
            element("td", element("code", f["sha256"])),
        )
        for f in files
    ]
    return table(["file", "size", "sha256"], rows)


def _contract(report: Mapping[str, Any]) -> ET.Element:
    rows = [
        row(
            side.removesuffix("s"),
            element("td", element("code", t["name"])),
            element("td", element("code", " x ".join(map(str, t["shape"])))),
            t["dtype"],
            _meaning(t),
        )
        for side in ("inputs", "outputs")
        for t in report["contract"].get(side, [])
    ]
    return table(["", "name", "shape", "type", "meaning"], rows)


def _meaning(tensor: Mapping[str, Any]) -> str:
    parts = []
    if tensor.get("layout", "other") != "other":
        parts.append(tensor["layout"])
    if tensor.get("color", "none") != "none":
        parts.append(tensor["color"])
    quantisation = tensor.get("quantization")
    if isinstance(quantisation, Mapping):
        parts.append(", ".join(f"{k} {v}" for k, v in quantisation.items()))
    if tensor.get("unit"):
        parts.append(tensor["unit"])
    return ", ".join(parts)


def _placement(stages: Sequence[Mapping[str, Any]]) -> ET.Element | None:
    if not stages:
        return None
    engines = Counter(s["engine"] for s in stages)
    fallbacks = [s for s in stages if s["fallback"]]
    rows = [
        row(
            element("td", element("code", s["name"])),
            element("td", element("code", s["op"])),
            s["engine"] + (" (fallback)" if s["fallback"] else ""),
            element("td", element("code", s["layer"]), s["reason"]),
        )
        for s in stages
    ]
    listing = element(
        "details",
        element("summary", f"all {len(stages)} stages"),
        table(["stage", "op", "engine", "layer"], rows),
    )
    note = element("p", f"{len(fallbacks)} fell back", class_="failed") if fallbacks else None
    return section("Placement", stacked_bar(engines), note, listing)


def _measurements(rows: Sequence[Mapping[str, Any]]) -> ET.Element:
    return table(
        ["metric", "output", "value", "source's", "evidence"],
        [
            row(
                element("td", element("code", m["metric"])),
                element("td", element("code", m["output"])),
                element("td", number(m["value"]), class_="num"),
                element("td", "" if m["baseline"] is None else number(m["baseline"]), class_="num"),
                m["evidence"] + (f": {m['detail']}" if m["detail"] else ""),
            )
            for m in rows
        ],
    )


def _pipeline(stages: Sequence[Mapping[str, Any]]) -> ET.Element:
    longest = max((s["seconds"] for s in stages), default=0) or 1
    items = []
    for s in stages:
        outputs = ", ".join(
            f"{port} {o['sha256'][:12]} ({bytes_text(o['size_bytes'])})"
            for port, o in s["outputs"].items()
        )
        items.append(
            element(
                "li",
                element("span", element("b", s["step"]), f"  {s['kind']}"),
                element("span", f"{s['seconds']:.2f} s, {s['how']}", class_="dim"),
                element("code", outputs, class_="dim"),
                element("code", f"key {s['key'][:12]}", class_="dim hide-small"),
                element("span", class_="bar", style=f"width: {100 * s['seconds'] / longest:.1f}%"),
            )
        )
    return element("ol", *items, class_="pipe")


def _tools(about: Mapping[str, Any]) -> ET.Element:
    rows = [
        row(name, ", ".join(f"{package} {version}" for package, version in packages.items()))
        for name, packages in about["tools"].items()
    ]
    return table(["environment", "packages"], [row("edgebuild", about["edgebuild"]), *rows])


def number(value: float | None, unit: str = "") -> str:
    """Five significant digits; bytes as people write them."""
    if value is None:
        return "not measured"
    if unit == "bytes":
        return bytes_text(value)
    return f"{value:.5g} {unit}".strip()


def bytes_text(size: float) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.2f} {unit}"
    return f"{size:.0f} B"
