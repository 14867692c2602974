"""Files that are no YAML, or YAML no manifest may use: found before parsing, or told after it."""

from __future__ import annotations

import re
from typing import Any

from yaml import YAMLError

from edgebuild.manifest.document import ManifestError, place
from edgebuild.manifest.nesting import LIMIT

# What a terminal obeys and what shows a line in another order than it is read in: in no text, however
# it is written. Then what else YAML 1.2 does not allow, and what only YAML 1.1 takes for a line break.
DECEPTIVE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FORBIDDEN = re.compile(
    r"[^\t\n\r\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd"
    r"\U00010000-\U0010ffff]"
)
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_HUGE_ESCAPE = re.compile(r"\\U(?!0010|000[0-9A-Fa-f])[0-9A-Fa-f]{8}")

# Part of a parser's message -> what the person who wrote it probably has to do.
_HINTS = {
    "'\\t'": "a tab cannot indent or separate here: use spaces",
    "chomping or indentation": "put quotes around text that begins with `>` or `|`",
    "cannot start any token": "put quotes around text that begins with this character",
    "but got '?'": "put quotes around text with `?` between brackets",
    "mapping values are not allowed": "put quotes around text with `: `, or check the indentation",
    "<block end>": "check the indentation of this line",
    "could not find expected ':'": "a key needs a `:` behind it",
    "end of stream": "a quote that was opened is never closed",
    "<stream end>": "a bracket that was opened is never closed",
    "expected ',' or": "a comma is missing, or a bracket that was opened is not closed",
    "unknown escape": "use single quotes for text with backslashes",
}


def refuse(data: bytes, file: str, largest: int) -> ManifestError | None:
    """Why these bytes cannot even be parsed: size, encoding, characters, directives."""
    if len(data) > largest:
        return too_large(file, largest)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        return _problem(
            f"not UTF-8: byte 0x{data[error.start]:02x}",
            file,
            before + data[error.start :].decode(errors="replace"),
            len(before),
            "save the file as UTF-8",
        )
    start = 1 if text.startswith("\ufeff") else 0
    found = _FORBIDDEN.search(text, start)
    if found:
        code = ord(found.group())
        escape = f'within double quotes it can be written as "\\u{code:04x}"'
        hint = None if DECEPTIVE.match(found.group()) else escape
        return _problem(not_allowed(found.group()), file, text, found.start(), hint)
    found = _DIRECTIVE.search(text)
    if found:
        hint = "manifests are YAML 1.2 without directives: remove this line"
        return _problem("directives are not supported", file, text, found.start(), hint)
    found = _HUGE_ESCAPE.search(text) if "\\U" in text else None
    if found:
        return _problem("there is no such character", file, text, found.start(), None)
    return None


def not_allowed(character: str) -> str:
    return f"character U+{ord(character):04X} is not allowed"


def too_large(file: str, largest: int) -> ManifestError:
    """A file of more than `largest` bytes."""
    return ManifestError(
        f"the file is larger than {largest >> 20} MiB",
        position=place(file, [], 0, 0),
        hint="data belongs into files that the manifest names",
    )


def too_deep(file: str, lines: list[str], line: int, column: int) -> ManifestError:
    """Nesting beyond what any manifest needs, from line and column (from 0) on."""
    return ManifestError(
        f"nested more than {LIMIT} levels deep", position=place(file, lines, line, column)
    )


def explain(error: YAMLError, file: str, lines: list[str]) -> ManifestError:
    """A parser's refusal as an error of this project."""
    problem = str(getattr(error, "problem", None) or error)
    context: str | None = getattr(error, "context", None)
    mark: Any = getattr(error, "problem_mark", None)
    begun: Any = getattr(error, "context_mark", None)
    fields = {}
    if context and begun is not None:
        fields["while"] = f"{context.removeprefix('while ')} that begins in line {begun.line + 1}"
    if mark is not None and mark.line >= len(lines) - 1 and lines[-1] == "" and len(lines) > 1:
        line, column = len(lines) - 2, len(lines[-2])
    else:
        line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    hint = next((h for part, h in _HINTS.items() if part in problem), None)
    return ManifestError(
        f"not YAML: {problem}", position=place(file, lines, line, column), fields=fields, hint=hint
    )


def _problem(message: str, file: str, text: str, index: int, hint: str | None) -> ManifestError:
    lines = re.split(r"\r\n|\r|\n", text)
    before = re.split(r"\r\n|\r|\n", text[:index])
    at = place(file, lines, len(before) - 1, len(before[-1]))
    return ManifestError(message, position=at, hint=hint)
