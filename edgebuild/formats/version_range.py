"""Ranges of versions such as `>=2.40,<=2.51`, and whether a version lies in one."""

from __future__ import annotations

import re
from itertools import zip_longest

_BOUND = re.compile(r"(>=|<=|==|!=|~=|>|<)(.+)")
_PART = re.compile(r"([0-9]*)(.*)", re.DOTALL)

Version = tuple[tuple[int, str], ...]


def parse(text: str) -> Version:
    """`2.51.0.260929181845` as parts that compare; letters behind a number count after it."""
    parts = []
    for part in text.strip().split("."):
        found = _PART.fullmatch(part[:40])
        assert found is not None
        parts.append((int(found[1] or 0), found[2]))
    return tuple(parts)


def holds(bounds: str, version: str) -> bool:
    """Whether every bound holds. A bound stands for all that its parts begin: 2.51.0.3 is `<=2.51`,
    `==2.51` and not `>2.51`; `~=2.40` is `>=2.40` within 2."""
    return all(_holds(bound, version) for bound in bounds.split(","))


def bounds_of(bounds: str) -> tuple[str, ...]:
    """The versions a range names, in its order."""
    return tuple(found[2] for part in bounds.split(",") if (found := _BOUND.fullmatch(part)))


def _holds(bound: str, version: str) -> bool:
    found = _BOUND.fullmatch(bound)
    assert found is not None, f"not a bound: {bound}"
    word, wanted, has = found[1], parse(found[2]), parse(version)
    if word == "~=":
        family = wanted[:-1] or wanted
        return _compare(has, wanted) >= 0 and _compare(has, family) == 0
    order = _compare(has, wanted)
    return {
        ">=": order >= 0,
        "<=": order <= 0,
        "==": order == 0,
        "!=": order != 0,
        ">": order > 0,
        "<": order < 0,
    }[word]


def _compare(version: Version, bound: Version) -> int:
    """-1, 0 or 1; 0 also where the version is more exact than the bound."""
    for has, wanted in zip_longest(version[: len(bound)], bound, fillvalue=(0, "")):
        if has != wanted:
            return -1 if has < wanted else 1
    return 0
