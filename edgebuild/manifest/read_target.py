"""A valid document -> a Target, with the checks that no schema expresses."""

from __future__ import annotations

from typing import Any

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
    return target, problems


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
