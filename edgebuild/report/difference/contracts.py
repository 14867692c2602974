"""Contracts of two reports: what breaks those who use the artifact, and whether its version says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgebuild.formats import contract_change, released, semver
from edgebuild.report.difference.change import Change, Report, inside


def changes(name: str, before: Report, after: Report) -> Iterator[Change]:
    """Between two variants nothing was promised: there, other contracts are only different."""
    same = before["name"] == after["name"]
    version, now = (str(inside(r, "about", "model", "version") or "") for r in (before, after))
    try:
        found = contract_change.changes(_interface(before), _interface(after))
        told = {one.kind: semver.announces(version, now, one.kind) for one in found}
    except (KeyError, TypeError, ValueError, AttributeError):
        return  # a report that does not tell its contract
    for one in found:
        what, _, ways = one.text.partition(": ")
        old, _, new = ways.partition(" -> ")
        note: str = one.kind
        if told[one.kind]:
            note += f", announced by version {now}"
        elif same:
            note += f", version {semver.needed(version, one.kind)} would announce it"
        breaks = same and one.kind == "breaking" and not told[one.kind]
        yield Change(
            variant=name, area="contract", what=what, before=old, after=new,
            direction="worse" if breaks else "changed", note=note, gate=breaks,
        )  # fmt: skip


def _interface(report: Report) -> dict[str, Any]:
    """As promised, with the quantisation that the artifact tells."""
    found = report.get("contract") or {}
    expected = inside(report, "details", "contract", "expected")
    return released.with_quantization(expected or found, found)
