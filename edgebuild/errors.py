"""The one shape of every error a user can mend: message, place, reason, hint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Position:
    """A place in a file that a person wrote; line and column count from 1.

    `text` is the whole line and `width` how many characters the caret underlines, so an
    error can be shown after the file has changed or gone.
    """

    file: str
    line: int
    column: int
    text: str = ""
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class EdgebuildError(Exception):
    """Something the user can mend. Bugs are assertions instead.

    `fields` are shown aligned below the message (model, target, limit, ...); `hint` says
    what to do. Subclasses live beside the code that raises them.
    """

    def __init__(
        self,
        message: str,
        *,
        position: Position | None = None,
        fields: Mapping[str, str] | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.fields = dict(fields or {})
        self.hint = hint

    def __str__(self) -> str:
        return render(self)


class ManyErrors(EdgebuildError):
    """Several errors found in one go, in file and line order."""

    def __init__(self, errors: Iterable[EdgebuildError]) -> None:
        self.errors = sorted(errors, key=_place)
        count = len(self.errors)
        super().__init__(f"{count} problem{'s' if count != 1 else ''}")

    def __str__(self) -> str:
        return "\n\n".join([*(render(e) for e in self.errors), f"{self.message} found"])


def printable(text: str) -> str:
    """Text of whatever origin without what a terminal would obey, turn around or not show; its lines stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def render(error: EdgebuildError) -> str:
    """The text a person reads: message, place, the line with a caret, fields, hint."""
    lines = [f"error: {error.message}"]
    place = error.position
    if place is not None:
        gutter = " " * len(str(place.line))
        lines.append(f"{gutter}--> {place}")
        if place.text:
            caret = " " * (place.column - 1) + "^" * max(1, place.width)
            lines += [
                f"{gutter} |",
                f"{place.line} | {place.text}",
                f"{gutter} | {caret}",
            ]
    if error.fields:
        width = max(len(name) for name in error.fields)
        lines += [f"  {name:<{width}}  {value}" for name, value in error.fields.items()]
    if error.hint:
        lines.append(f"hint: {error.hint}")
    return printable("\n".join(lines))


def disk_error(error: OSError) -> EdgebuildError:
    """What the file system refused, as an error of ours: disk full, read-only, no permission."""
    reason = error.strerror or str(error)
    place = f": {error.filename}" if error.filename else ""
    return EdgebuildError(f"{reason}{place}", hint="mend that, then run the command again")


def suggest(word: str, known: Iterable[str]) -> str | None:
    """The nearest known word, whatever its case, if one is near enough to be what was meant."""
    import difflib

    words = sorted(known)  # so that a set gives the same answer each time
    near = difflib.get_close_matches(word.lower(), {w.lower() for w in words}, n=1)
    same = [w for w in words if w.lower() in near]  # `sigmoid` the node, `Sigmoid` the op
    return max(same, key=lambda w: difflib.SequenceMatcher(None, w, word).ratio(), default=None)


def _place(error: EdgebuildError) -> tuple[str, int, int]:
    p = error.position
    return (p.file, p.line, p.column) if p else ("", 0, 0)
