"""Two sides of reports -> what changed from one to the other, judged: worse, better, or only different."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edgebuild.report.difference import contracts, gates, measured, surroundings
from edgebuild.report.difference.change import Change, Direction, Report
from edgebuild.report.figures import plain
from edgebuild.step import Metric

__all__ = ["SCHEMA", "Change", "Difference", "Direction", "difference"]

SCHEMA = "edgebuild-difference/1"
_ORDER: Mapping[Direction, int] = {"worse": 0, "better": 1, "changed": 2}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """All changes, the worst first. `noise` and `equal` count figures that did not change beyond what
    measuring does, `same_bytes` variants whose artifacts are the same."""

    changes: tuple[Change, ...]
    compared: tuple[str, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    noise: int
    equal: int
    same_bytes: int

    @property
    def gates_worse(self) -> int:
        """How many gates got worse, broken contracts included."""
        return sum(change.gate for change in self.changes)

    def to_json(self) -> dict[str, Any]:
        """The fields, with `schema` and `gates_worse`; infinities as strings."""
        found = {"schema": SCHEMA, **dataclasses.asdict(self), "gates_worse": self.gates_worse}
        made: dict[str, Any] = plain(found)
        return made


def difference(
    before: Mapping[str, Report], after: Mapping[str, Report], metrics: Mapping[str, Metric]
) -> Difference:
    """Variants are compared by name; one with one whatever their names. `metrics` says which direction
    is better."""
    pairs = [(name, before[name], after[name]) for name in before if name in after]
    if len(before) == len(after) == 1 and not pairs:
        pairs = [
            (f"{old} -> {new}", before[old], after[new])
            for old, new in zip(before, after, strict=True)
        ]
        before = after = {}
    changes: list[Change] = []
    counts: Counter[str] = Counter()
    for name, old, new in pairs:
        changes += gates.changes(name, old, new)
        changes += contracts.changes(name, old, new)
        changes += measured.changes(name, old, new, metrics, counts)
        changes += surroundings.changes(name, old, new)
    changes = _together(changes)
    changes.sort(key=lambda c: (_ORDER[c.direction], not c.gate, c.area in surroundings.AREAS))
    return Difference(
        changes=tuple(changes),
        compared=tuple(name for name, _, _ in pairs),
        only_before=tuple(name for name in before if name not in after),
        only_after=tuple(name for name in after if name not in before),
        noise=counts["noise"],
        equal=counts["equal"],
        same_bytes=sum(_artifact(old) == _artifact(new) for _, old, new in pairs),
    )


def _together(changes: Iterable[Change]) -> list[Change]:
    """Equal changes of tools and manifests in several variants, told once."""
    found: dict[Any, list[Change]] = {}
    for number, one in enumerate(changes):
        around = one.area in surroundings.AREAS
        key = (one.area, one.what, one.before, one.after) if around else number
        found.setdefault(key, []).append(one)
    return [
        several[0]
        if len(several) == 1
        else dataclasses.replace(several[0], variant=f"{len(several)} variants")
        for several in found.values()
    ]


def _artifact(report: Report) -> list[tuple[str, str]]:
    """Names and digests of the published files, without what edgebuild says of them."""
    files = ((f["name"], f["sha256"]) for f in report["files"])
    return sorted(file for file in files if not file[0].endswith(".json"))
