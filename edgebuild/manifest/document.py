"""A parsed YAML file: plain values beside the place where each was written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from edgebuild.errors import EdgebuildError, Position

Path = tuple[str | int, ...]

# Lines longer than this are not shown: no caret helps there.
_SHOWN_COLUMNS = 300

# User and password of a URL, and values of query fields that are secrets by their name.
_SECRET = re.compile(
    r"(?<=//)[^/\s@\"'<>]+(?=@)"
    r"|(?i:(?<=[?&])([\w-]*(?:token|secret|password|passwd|signature|sig|key|credential|auth)"
    r"[\w-]*=))([^&\s\"'#,}]+)"
)


class ManifestError(EdgebuildError):
    """Something in a manifest that is not as it must be."""


class Mark(NamedTuple):
    """Where a value is (line and column from 0), how wide; its items; its keys and their values."""

    line: int
    column: int
    width: int
    items: tuple[Mark, ...] = ()
    keys: Mapping[str, tuple[tuple[int, int, int], Mark]] = {}


@dataclass(frozen=True, kw_only=True)
class Document:
    """`value` is plain JSON. `spoilt` are the paths whose value could not be read and is None
    instead; each has its own problem, and no further one is worth telling."""

    file: str
    lines: list[str]
    value: Any
    mark: Mark
    spoilt: frozenset[Path] = frozenset()

    def at(self, path: Path) -> Position:
        """The place of a value."""
        mark = self._mark(path)
        return place(self.file, self.lines, mark.line, mark.column, mark.width)

    def key(self, path: Path) -> Position:
        """The place of the key that holds a value; of the value itself in a list or at the root."""
        if not path or isinstance(path[-1], int):
            return self.at(path)
        extent, _ = self._mark(path[:-1]).keys[path[-1]]
        return place(self.file, self.lines, *extent)

    def text(self, path: Path) -> str:
        """A value as it was written, if it stands on one line."""
        mark = self._mark(path)
        return self.lines[mark.line][mark.column : mark.column + mark.width]

    def _mark(self, path: Path) -> Mark:
        mark = self.mark
        for part in path:
            mark = mark.items[part] if isinstance(part, int) else mark.keys[part][1]
        return mark


def place(file: str, lines: list[str], line: int, column: int, width: int = 1) -> Position:
    """A position from 0-based line and column, with a line that is safe to show."""
    text = lines[line] if line < len(lines) else ""
    if len(text) > _SHOWN_COLUMNS:
        text = ""
    elif not text.isprintable() or "//" in text:
        text = _SECRET.sub(_masked, _printable(text, " "))
    return Position(
        file=file,
        line=line + 1,
        column=column + 1,
        text=text.rstrip(),
        width=max(1, min(width, len(text) - column)),
    )


def quoted(value: object) -> str:
    """A value of a manifest within a message: in back quotes, on one line, not too long."""
    text = str(value)
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return f"`{_printable(_SECRET.sub(_masked, text), '?')}`"


def _printable(text: str, instead: str) -> str:
    """Without what a terminal would obey, or turn around, or not show."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else instead for char in text)


def _masked(match: re.Match[str]) -> str:
    """As many stars as the secret has characters, so that columns stay right."""
    name, secret = match.group(1), match.group(2)
    return name + "*" * len(secret) if name else "*" * len(match.group())
