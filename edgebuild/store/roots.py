"""What gc must keep: the roots that builds write, and the pins of releases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgebuild.digest import Digest
from edgebuild.errors import EdgebuildError
from edgebuild.store.store import Store

ROOTS, PINS = "roots", "pins"


class BrokenRoot(EdgebuildError):
    """A root or a pin that cannot be read, so that nobody can say what it protects."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a root or a pin names. A root names actions; a pin may name blobs as well."""

    actions: tuple[Digest, ...]
    blobs: tuple[Digest, ...]


def paths(store: Store, kind: str) -> Iterator[Path]:
    """The files of all roots or all pins."""
    yield from sorted((store.root / kind).glob("*.json"))


def read(path: Path) -> Named:
    """BrokenRoot if the file is anything but a list of actions, of blobs, or both."""
    try:
        document = json.loads(path.read_bytes())
        if not {"actions", "blobs"} & document.keys():
            raise ValueError("names nothing")
        return Named(
            actions=tuple(Digest.parse(text) for text in document.get("actions", ())),
            blobs=tuple(Digest.parse(text) for text in document.get("blobs", ())),
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        root = path.parent.name == ROOTS
        raise BrokenRoot(
            f"{path} cannot be read, so what it protects is not known",
            hint="`doit fsck --repair` removes it; build its project again before `doit gc`"
            if root
            else "put it back from a copy, or remove it if its release is not needed any more",
        ) from error
