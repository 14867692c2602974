"""A report as one self-contained page: the verdict first, then what it rests on."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from edgebuild.report.markup import document, element
from edgebuild.report.markup import section as boxed
from edgebuild.report.sections import (
    acceptance,
    agreement,
    cost,
    latency,
    numeric,
    origin,
    placement,
    quality,
    samples,
    summary,
    variants,
)  # fmt: skip
from edgebuild.report.style import STYLE

Report = Mapping[str, Any]
Body = Sequence[ET.Element]

# Anchor, title, what is in it, and why nothing may be.
_PARTS: tuple[tuple[str, str, Callable[[Report], Body], str], ...] = (
    ("quality", "Quality", quality.section, "no threshold on quality is set"),
    ("agreement", "Agreement with the source", agreement.section, "the artifact was not run"),
    ("samples", "Samples", samples.section, "no pictures of samples were made"),
    ("latency", "Latency", latency.section, "nothing timed the artifact"),
    ("cost", "Cost", cost.section, "operations and bytes were not counted"),
    ("placement", "Placement", placement.section, "the compiler does not say what runs where"),
    ("numeric", "Number formats", numeric.section, "ranges of tensors were not looked at"),
    ("contract", "Contract", origin.contract, "the backend does not say"),
    ("files", "Files", origin.files, ""),
    ("pipeline", "Pipeline", origin.pipeline, ""),
    ("tools", "Made with", origin.tools, ""),
    ("measurements", "Measurements", origin.measurements, "nothing was measured"),
)
# Parts that need answers on evaluation data.
_OF_SAMPLES = ("quality", "agreement", "samples", "numeric")


def page(report: Report, siblings: Mapping[str, Report] | None = None, home: str = "") -> str:
    """The whole page; it needs no network and no other file. `siblings` are the other variants of the
    model on its target, by the way from here to their pages; `home` is the way to the index."""
    made = [(anchor, title, make(report), reason) for anchor, title, make, reason in _PARTS]
    parts = [*_verdicts(report, siblings or {}), *((a, t, body) for a, t, body, _ in made if body)]
    lacking = [(anchor, title, reason) for anchor, title, body, reason in made if not body]
    return document(
        f"{report['name']}: {'accepted' if report['accepted'] else 'rejected'}",
        STYLE,
        summary.header(report, home),
        summary.verdict(report),
        summary.diagnosis(report),
        summary.cards(report),
        _contents(parts),
        *(boxed(title, *body, id=anchor) for anchor, title, body in parts),
        _absent(report, [row for row in lacking if row[2]]),
        main="report",
    )


def _verdicts(report: Report, siblings: Mapping[str, Report]) -> Iterator[tuple[str, str, Body]]:
    yield "acceptance", "Acceptance", [acceptance.gates(report)]
    if (waived := acceptance.waivers(report)) is not None:
        yield "waivers", "Waivers", [waived]
    if siblings:
        yield "variants", "Variants", variants.section(report, siblings)


def _contents(parts: Sequence[tuple[str, str, Body]]) -> ET.Element:
    links = [element("li", element("a", title, href=f"#{anchor}")) for anchor, title, _ in parts]
    return element("nav", element("ul", *links), class_="contents", aria_label="Contents")


def _absent(report: Report, lacking: Sequence[tuple[str, str, str]]) -> ET.Element | None:
    """What this page could have shown, and why it does not."""
    evaluated = any(s["step"].endswith("/evaluation") for s in report["pipeline"])
    rows = []
    for anchor, title, reason in lacking:
        if anchor in _OF_SAMPLES and not evaluated:
            reason = "the manifest declares no evaluation data"
        check = {"agreement": "parity"}.get(anchor, anchor)
        reason = report.get("missing", {}).get(check, reason)
        rows.append(element("li", element("b", title), f": {reason}"))
    return (
        boxed("Not in this report", element("ul", *rows, class_="absent"), id="absent")
        if rows
        else None
    )
