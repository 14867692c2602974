"""What gc must keep: the roots that builds write, and the pins of releases."""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgebuild import digest as digests
from edgebuild.digest import Digest
from edgebuild.errors import EdgebuildError
from edgebuild.store import files
from edgebuild.store.store import Store

ROOTS, PINS = "roots", "pins"


class BrokenRoot(EdgebuildError):
    """A root or a pin that cannot be read, so that nobody can say what it protects."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a root or a pin names. A root names actions; a pin may name blobs as well."""

    actions: tuple[Digest, ...]
    blobs: tuple[Digest, ...]


def of_build(folder: Path, target: str, model: str | None) -> str:
    """The root's name: one for each folder, target and choice of model; a later build replaces it."""
    return f"{_place(folder)}-{target}" + (f"@{model}" if model else "")


def of_training(folder: Path, model: str) -> str:
    """One for each folder and model; `@` is in no target's name."""
    return f"{_place(folder)}@training@{model}"


def note(
    store: Store, name: str, done: Mapping[str, Digest], *, whole: bool, steps: Container[str]
) -> None:
    """Write down what a build used: the actions of its steps by their ids.

    If it was not `whole` (it failed, was interrupted, or was asked for some steps only), what the last
    whole one used stays, and of each of `steps` what was done last. So the root does not grow from
    failure to failure. A root that is damaged is replaced.
    """
    path = store.root / ROOTS / f"{name}.json"
    last_whole, latest = (set(done.values()), {}) if whole else _known(path)
    latest = {step: key for step, key in latest.items() if step in steps} | dict(done)
    keys = last_whole.union(latest.values())
    if keys or whole:
        document = {
            "actions": sorted(map(str, keys)),
            "whole": sorted(map(str, last_whole)),
            "latest": {step: str(key) for step, key in latest.items()},
        }
        data = json.dumps(document, sort_keys=True).encode()
        files.write_atomic(path, data, scratch=store.scratch, mode=0o644)


def _known(path: Path) -> tuple[set[Digest], dict[str, Digest]]:
    """What the last whole build used, and the last action of each step since; nothing of what is damaged."""
    try:
        document = json.loads(path.read_bytes())
        whole = {Digest.parse(text) for text in document.get("whole", document["actions"])}
        latest = {step: Digest.parse(text) for step, text in document.get("latest", {}).items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set(), {}
    return whole, latest


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


def _place(folder: Path) -> str:
    # Any bytes can be a folder's name.
    return digests.of_bytes(os.fsencode(folder)).hash[:16]
