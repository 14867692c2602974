"""The rule for each boundary between two versions of an op."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from edgebuild.rewrites.refused import RefusedError
from edgebuild.rewrites.versions import added, moved, special, widened
from edgebuild.rewrites.versions.rule import Rule

if TYPE_CHECKING:
    from edgebuild.rewrites.versions.rule import Carry

OLDEST = 7
NEWEST = 24


@functools.cache
def rules() -> dict[tuple[str, int], Rule]:
    """(op, boundary) -> rule. A boundary is the opset with which the newer definition came."""
    parts = (widened.rules(), added.rules(), moved.rules(), special.RULES)
    merged: dict[tuple[str, int], Rule] = {}
    for part in parts:
        doubled = merged.keys() & part.keys()
        assert not doubled, f"two rules for {sorted(doubled)}"
        merged |= part
    return merged


def rule(op: str, here: int, old: int, new: int) -> tuple[int, Carry]:
    """The next boundary on the way from opset `old` to `new`, and what carries a node over it.

    `here` is the version that `op` has at `old`. RefusedError if there is no rule.
    """
    boundary = here if new < old else min(v for v in _versions(op) if v > here)
    found = rules().get((op, boundary))
    if found is None:
        raise RefusedError(
            f"its definition changed with opset {boundary}, and no rule carries it over"
        )
    return boundary, found.up if new > old else found.down


@functools.cache
def _versions(op: str) -> tuple[int, ...]:
    from onnx import defs

    schemas = defs.get_all_schemas_with_history()
    return tuple(sorted(s.since_version for s in schemas if s.name == op and not s.domain))
