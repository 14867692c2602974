"""Which version announces which change of a contract: semver.org 2.0.0, and Cargo's rule below 1.0.0.

A breaking change needs a higher major version, a compatible one a higher minor. Below 1.0.0, where
semver itself promises nothing, the leftmost part that is not 0 takes the major's place: 0.2.0 ->
0.3.0 announces a breaking change, 0.2.0 -> 0.2.1 a compatible one, and from 0.0.1 on each version
announces any. What was released as a pre-release (`2.0.0-rc.1`) promised nothing: every later version
announces any change of it. Build metadata (`+...`) does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Class = Literal["breaking", "compatible", "none"]


@dataclass(frozen=True, kw_only=True)
class Version:
    """A semantic version; `pre` has the parts of a pre-release."""

    numbers: tuple[int, int, int]
    pre: tuple[str, ...] = ()

    def __lt__(self, other: Version) -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[object, ...]:
        """A pre-release is before its release; numbers in it before words, as numbers."""
        parts = tuple((0, int(p), "") if p.isdecimal() else (1, 0, p) for p in self.pre)
        return (self.numbers, not self.pre, parts)


def parse(text: str) -> Version:
    """ValueError for anything that is no semantic version."""
    plain = text.partition("+")[0]
    core, _, pre = plain.partition("-")
    parts = core.split(".")
    if len(parts) != 3 or not all(p.isascii() and p.isdecimal() and len(p) < 10 for p in parts):
        raise ValueError(f"no semantic version: {text}")
    major, minor, patch = map(int, parts)
    return Version(numbers=(major, minor, patch), pre=tuple(pre.split(".")) if pre else ())


def announces(before: str, after: str, change: Class) -> bool:
    """Whether going from one version to the other tells users of such a change. Going back tells
    nothing."""
    old, new = parse(before), parse(after)
    if new < old:
        return False
    if change == "none" or (old.pre and old < new):
        return True
    return _significant(new, old, change) > _significant(old, old, change)


def needed(before: str, change: Class) -> str:
    """The lowest version, without pre-release, that announces such a change."""
    old = parse(before)
    if change == "none":
        return before
    if old.pre:
        return ".".join(map(str, old.numbers))
    keep = len(_significant(old, old, change))
    raised = (*old.numbers[: keep - 1], old.numbers[keep - 1] + 1, 0, 0)
    return ".".join(map(str, raised[:3]))


def _significant(version: Version, old: Version, change: Class) -> tuple[int, ...]:
    """The numbers whose rise announces a change of what was released as `old`."""
    leading = next((i for i, n in enumerate(old.numbers) if n), 2)
    count = leading + 1 if change == "breaking" else leading + 2
    return version.numbers[: min(count, 3)]
