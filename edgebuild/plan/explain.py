"""Why a step runs: what of its action differs from the one recorded for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES = {
    "kind": "kind of step",
    "code": "code of the step",
    "tools": "tool environment",
    "salt": "edgebuild's way of running steps",
    "outputs": "names of its outputs",
}


def differences(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> list[str]:
    """One line a difference, between two `Action.to_json()`; empty = the same action.

    `old` None = never built here.
    """
    if old is None:
        return ["never built"]
    lines: list[str] = []
    for part, name in _NAMES.items():
        if old.get(part) != new[part]:
            lines.append(f"{name} changed")
    for part, what in (("params", "parameter"), ("facts", "manifest's"), ("platform", "machine's")):
        lines += _mapping(what, old.get(part) or {}, new[part])
    before, after = old.get("inputs") or {}, new["inputs"]
    for port in sorted({*before, *after}):
        if port not in before:
            lines.append(f"input `{port}` is new")
        elif port not in after:
            lines.append(f"input `{port}` is gone")
        elif before[port] != after[port]:
            lines.append(f"input `{port}` changed")
    return lines


def _mapping(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    lines = []
    for name in sorted({*old, *new}):
        if old.get(name) == new.get(name):
            continue
        if _short(old.get(name)) and _short(new.get(name)):
            lines.append(f"{what} `{name}`: {old.get(name)!r} -> {new.get(name)!r}")
        else:
            lines.append(f"{what} `{name}` changed")
    return lines


def _short(value: Any) -> bool:
    return value is None or (not isinstance(value, (dict, list)) and len(str(value)) <= 40)
