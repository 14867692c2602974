"""A report as GitHub-flavoured Markdown, for a comment on a pull request.

Whatever comes from a manifest or model is written as character references and, where it is a name, in a
code element: it can neither end a table's cell, nor be markup, nor mention a person or an issue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edgebuild.report.charts.bars import margin_text
from edgebuild.report.figures import EVIDENCE, between, bytes_text, duration, number
from edgebuild.report.headline import headline
from edgebuild.report.markup import clean
from edgebuild.report.sections.acceptance import ORDER
from edgebuild.report.sections.summary import tally
from edgebuild.report.sections.words import full_name

_SIGNS = {"passed": "✅", "failed": "❌", "unproven": "❓", "waived": "⚠️"}
# A comment on GitHub has at most 65,536 characters.
_MOST_ROWS = 60
_LONGEST = 300


def comment(report: Mapping[str, Any]) -> str:
    """The whole comment."""
    return "\n".join(_lines(report)).rstrip() + "\n"


def plain_text(text: str) -> str:
    """Text that Markdown shows as it is."""
    flat = " ".join(clean(text).split())
    if len(flat) > _LONGEST:
        flat = flat[: _LONGEST - 1] + "…"
    return "".join(_shown(flat))


def name(text: str) -> str:
    """A name, as code."""
    return f"<code>{plain_text(text)}</code>"


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    sign, word = ("✅", "accepted") if report["accepted"] else ("❌", "rejected")
    yield f"### {sign} {name(report['name'])} {word}"
    yield ""
    yield f"{plain_text(tally(report['findings']))}. {_figures(report)}"
    yield ""
    if report.get("diagnosis"):
        yield "**Likely causes**"
        yield ""
        for d in report["diagnosis"]:
            yield f"1. {plain_text(str(d['cause']))}: {plain_text(str(d['evidence']))}"
        yield ""
    findings = sorted(report["findings"], key=lambda f: ORDER[f["verdict"]])
    if findings:
        yield from _table(
            ("", "gate", "value", "limit", "margin", "evidence"), map(_gate, findings), "llrlrl"
        )
    if report["waivers"]:
        yield from _folded("Waivers", ("gate", "reason", "owner", "last day"), [
            (name(w["metric"]), *(plain_text(w[k]) for k in ("reason", "owner", "expires")))
            for w in report["waivers"]
        ])  # fmt: skip
    yield from _folded(
        "All measurements",
        ("metric", "value", "95 %", "source", "evidence"),
        [_measurement(m) for m in report["measurements"]],
    )
    yield from _folded(
        "Files",
        ("file", "size", "sha256"),
        [
            (name(f["name"]), bytes_text(f["size_bytes"]), name(f["sha256"]))
            for f in report["files"]
        ],
    )
    about = report["about"]
    yield (
        f"<sub>contract {plain_text(about['model']['version'])}, made by {name(report['backend'])},"
        f" edgebuild {plain_text(about['edgebuild'])}; the whole report is report.html</sub>"
    )


def _figures(report: Mapping[str, Any]) -> str:
    line = headline(report)
    parts = [bytes_text(line.size_bytes)]
    if line.quality:
        source = "" if line.quality.baseline is None else f" (source {line.quality.baseline:.4g})"
        parts.append(f"{name(line.quality.metric)} {line.quality.value:.4g}{source}")
    if line.parity_db is not None:
        parts.append(f"{number(round(line.parity_db, 1), 'dB')} SQNR")
    if line.latency_ms is not None:
        parts.append(f"{duration(line.latency_ms)} a frame ({plain_text(line.latency_evidence)})")
    return ", ".join(parts) + "."


def _gate(f: Mapping[str, Any]) -> tuple[str, ...]:
    gate = name(full_name(f))
    if f["detail"]:
        gate += f"<br>{plain_text(f['detail'])}"
    return (
        f"{_SIGNS[f['verdict']]} {f['verdict']}",
        gate,
        plain_text(number(f["value"], f["unit"])),
        plain_text(f["limit"]),
        plain_text(margin_text(f)),
        plain_text(EVIDENCE.get(f["evidence"] or "", "not measured")),
    )


def _measurement(m: Mapping[str, Any]) -> tuple[str, ...]:
    ends = between(m.get("interval"))
    return (
        name(full_name(m)),
        number(m["value"]),
        f"{ends[0]:.4g} … {ends[1]:.4g}" if ends else "",
        "" if m["baseline"] is None else number(m["baseline"]),
        plain_text(m["evidence"]),
    )


def _folded(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"<details><summary>{title} ({len(rows)})</summary>"
    yield ""
    yield from _table(head, rows[:_MOST_ROWS], "l" * len(head))
    if len(rows) > _MOST_ROWS:
        yield f"and {len(rows) - _MOST_ROWS} more in report.html"
        yield ""
    yield "</details>"
    yield ""


def _table(head: Sequence[str], rows: Any, sides: str) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---:' if side == 'r' else '---' for side in sides)}|"
    for cells in rows:
        yield f"| {' | '.join(cells)} |"
    yield ""


def _shown(text: str) -> Iterator[str]:
    for character in text:
        if character in "@#":
            # GitHub looks for mentions and issues when references are resolved already.
            yield f"{character}\u200b"
        elif character.isascii() and not character.isalnum() and character not in " ,;+-":
            yield f"&#{ord(character)};"
        else:
            yield character
