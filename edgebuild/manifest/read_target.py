"""A valid document -> a Target, with the checks that no schema expresses."""

from __future__ import annotations

from typing import Any

from edgebuild.formats.versions import FIRMWARE
from edgebuild.kinds import Kinds
from edgebuild.manifest.budget import read_budget
from edgebuild.manifest.document import Document, ManifestError, Path
from edgebuild.manifest.model import Target


def read_target(document: Document, value: Any, kinds: Kinds) -> tuple[Target, list[ManifestError]]:
    """The target, and what is wrong with it; with problems, it serves further checks only.

    `value` is the document's, without what is known to be wrong.
    """
    paths: list[tuple[Path, str]] = [
        (("backends", i), b) for i, b in enumerate(value.get("backends", ())) if b
    ]
    if "backend" in value:
        paths.append((("backend",), value["backend"]))
    budget, problems = read_budget(document, value)
    target = Target(
        name=value.get("name", ""),
        description=value.get("description", ""),
        device=value.get("device", {}),
        backends=tuple(backend for _, backend in paths),
        firmware=value.get("firmware", {}),
        budget=budget,
        roofline=value.get("roofline", {}),
        isa=value.get("isa"),
        path=document.file,
        position=document.key(("name",)) if "name" in value else None,
    )
    problems += [p for path, backend in paths for p in _runtime(document, path, backend, kinds)]
    problems += _firmware(document, target, kinds)
    return target, problems


def _firmware(document: Document, target: Target, kinds: Kinds) -> list[ManifestError]:
    """An entry that no artifact of the target can have anything to do with."""
    made = {port for name in target.backends for port in kinds.get(f"backend/{name}").produces}
    backends = ", ".join(f"`{name}`" for name in target.backends)
    return [
        ManifestError(
            f"firmware `{name}` is about artifacts that this target does not get",
            position=document.key(("firmware", name)),
            hint=f"it is about {' and '.join(FIRMWARE[name].files)} files, which {backends} does not make",
        )
        for name in target.firmware
        if name in FIRMWARE and target.backends and made.isdisjoint(FIRMWARE[name].files)
    ]


def _runtime(document: Document, path: Path, backend: str, kinds: Kinds) -> list[ManifestError]:
    """A backend whose artifacts nothing can run could never be verified."""
    runtime = kinds.get(f"backend/{backend}").runtime
    known = kinds.names("runtime")
    if not runtime or runtime in known:
        return []
    return [
        ManifestError(
            f"backend `{backend}` is run by the unknown runtime `{runtime}`",
            position=document.at(path),
            hint=f"runtimes: {', '.join(known)}" if known else "no runtime is installed",
        )
    ]
