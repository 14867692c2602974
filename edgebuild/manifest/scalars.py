"""What an unquoted word means: the core schema of YAML 1.2, minus what people read differently."""

from __future__ import annotations

import math
import re
from typing import Any

# What is longer is an identifier: 64 digits are a sha256, not an integer. Every float's shortest
# exact form and every 64-bit integer is shorter.
_LONGEST_NUMBER = 24
_LONGEST_INTEGER = 19

_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_FIRST = frozenset("-+.0123456789~nNtTfF")

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_BASED = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")


class NotFiniteError(ValueError):
    """Infinity or not-a-number, written as such or too large for a float."""


def resolve(text: str) -> Any:
    """The value of a plain (unquoted) scalar.

    Words of YAML 1.1 (`no`, `on`), dates, times (`12:30:45`), numbers with a leading zero (`0777`)
    or of more than 24 characters stay text: readers of YAML differ on them, and a schema that
    wants a number refuses text. NotFiniteError for infinity and NaN.
    """
    if not text:
        return None
    if text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.match(text):
        return int(text) if len(text) <= _LONGEST_INTEGER else text
    if _BASED.match(text):
        return int(text, 0)
    if _FLOAT.match(text):
        value = float(text)
        if math.isinf(value):
            raise NotFiniteError(text)
        return value
    if _NOT_FINITE.match(text):
        raise NotFiniteError(text)
    return text
