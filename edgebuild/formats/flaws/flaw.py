"""One thing that is wrong with a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# damaged: it contradicts its format or itself; hidden: bytes that no reader looks at; outside: it
# refers to something that is not in it; program: it holds what can be executed; trace: it tells of
# the machine or the person that made it.
Kind = Literal["damaged", "hidden", "outside", "program", "trace"]


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """`text` is a sentence without the file's name."""

    kind: Kind
    text: str


def short(text: str, limit: int = 60) -> str:
    """A name or path out of a file: printable, and not too long to be shown."""
    plain = "".join(c if c.isprintable() else "?" for c in text[: limit + 1])
    return plain if len(plain) <= limit else f"{plain[: limit - 1]}…"
