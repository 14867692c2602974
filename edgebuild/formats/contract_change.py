"""What changed between two contracts, and whether whoever relies on the first can use the second.

Breaking: an input or output is gone, renamed, moved or of another shape, type, layout, colour order,
mean, scale or quantisation; a new input, which must be fed; a unit that became another.
Compatible: a new output behind the others; a unit that is told where none was, or no longer told.
Contracts are JSON (`edgebuild.step.Contract.to_json`); a quantised row may have `quantization` too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgebuild.formats.semver import Class


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change, as a sentence that says both sides."""

    kind: Class
    text: str


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """All changes, breaking ones first."""
    found = [
        *_side("input", before["inputs"], after["inputs"]),
        *_side("output", before["outputs"], after["outputs"]),
    ]
    return sorted(found, key=lambda change: change.kind != "breaking")


def worst(found: Iterable[Change]) -> Class:
    """The class of several changes together."""
    kinds = {change.kind for change in found}
    return "breaking" if "breaking" in kinds else "compatible" if kinds else "none"


# Fields of a row, what they are called, and what an absent one means.
_FIELDS: Sequence[tuple[str, str, Any]] = (
    ("shape", "shape", []),
    ("dtype", "type", "float32"),
    ("layout", "layout", "other"),
    ("color", "colour order", "none"),
    ("mean", "mean", []),
    ("scale", "scale", []),
    ("quantization", "quantisation", None),
)


def _side(word: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Change]:
    old, new = ({row["name"]: row for row in rows} for rows in (before, after))
    for name in old:
        if name not in new:
            yield Change(kind="breaking", text=f"{word} `{name}` is gone")
    kept = [name for name in old if name in new]
    for name in new:
        if name in old:
            continue
        # Who counts outputs finds those they know where they were.
        behind = set(list(new)[: len(kept)]) == set(kept) and word == "output"
        yield Change(kind="compatible" if behind else "breaking", text=f"{word} `{name}` is new")
    if kept != [name for name in new if name in old]:
        listed = [", ".join(f"`{name}`" for name in names) for names in (old, new)]
        yield Change(kind="breaking", text=f"order of {word}s: {listed[0]} -> {listed[1]}")
    for name in kept:
        yield from _row(f"{word} `{name}`", old[name], new[name])


def _row(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for field, called, absent in _FIELDS:
        before, after = old.get(field) or absent, new.get(field) or absent
        if not _same(before, after):
            text = f"{what} {called}: {_shown(before)} -> {_shown(after)}"
            yield Change(kind="breaking", text=text)
    before, after = old.get("unit") or "", new.get("unit") or ""
    if before != after:
        text = f"{what} unit: {_shown(before)} -> {_shown(after)}"
        yield Change(kind="breaking" if before and after else "compatible", text=text)


def _same(before: Any, after: Any) -> bool:
    """Equal, numbers within what rounding on another machine may change."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return before.keys() == after.keys() and all(_same(before[k], after[k]) for k in before)
    if isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        return len(before) == len(after) and all(map(_same, before, after))
    if isinstance(before, float) or isinstance(after, float):
        numbers = all(isinstance(x, (int, float)) for x in (before, after))
        return numbers and math.isclose(before, after, rel_tol=1e-6)
    return bool(before == after)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if value in ([], (), "", None):
        return "none"
    return str(list(value)) if isinstance(value, (list, tuple)) else str(value)
