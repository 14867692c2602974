"""Names for bytes: sha256 and size, and the one canonical JSON everything hashed goes through."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEX = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, order=True)
class Digest:
    """sha256 (64 lower-case hex digits) and length of some bytes.

    sha256 because OCI, in-toto and `sha256sum` speak it; the size as in the Remote
    Execution API, so that a truncated blob is refused before it is hashed.
    """

    hash: str
    size_bytes: int

    def __post_init__(self) -> None:
        assert _HEX.match(self.hash), f"not a sha256: {self.hash!r}"
        assert self.size_bytes >= 0

    def __str__(self) -> str:
        return f"{self.hash}/{self.size_bytes}"

    @property
    def short(self) -> str:
        """Twelve digits, for people; never for keys."""
        return self.hash[:12]

    @staticmethod
    def parse(text: str) -> Digest:
        """The inverse of `str`; ValueError if `text` is not one."""
        name, _, size = text.partition("/")
        if not _HEX.match(name) or not size.isdecimal():
            raise ValueError(f"not a digest: {text!r}")
        return Digest(name, int(size))


def of_bytes(data: bytes) -> Digest:
    return Digest(hashlib.sha256(data).hexdigest(), len(data))


def of_file(path: Path | str) -> Digest:
    """Digest of a file's content; OSError as `open` raises it."""
    with open(path, "rb", buffering=0) as file:
        name = hashlib.file_digest(file, "sha256").hexdigest()
        return Digest(name, file.tell())


def of_json(value: Any) -> Digest:
    return of_bytes(canonical_json(value))


def canonical_json(value: Any) -> bytes:
    """Bytes of a JSON value that are equal exactly when the values are.

    Keys sorted, no spaces, UTF-8. Digests are written as their text. Everything that has
    no one JSON form (positions, paths, sets, NaN, non-string keys) raises TypeError or
    ValueError, so it can never slip into a key.
    """
    return json.dumps(
        _plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no canonical form")
        return value
    if isinstance(value, Digest):
        return str(value)
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"key {key!r} is not a string")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot enter a key")
