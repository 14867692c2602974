"""Every file and folder whose change could change what a build would do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edgebuild.engine import world
from edgebuild.kinds import ENTRY_POINTS
from edgebuild.step import ProjectFile

if TYPE_CHECKING:
    from edgebuild.engine.build import Build

# Parts of edgebuild that decide what is run, beside its top level; what steps import is in their code.
_PARTS = ("engine", "manifest", "plan", "report", "store", "toolchains")


def read(build: Build) -> Iterator[str]:
    """Manifests, sources, code of steps and of edgebuild, locks of tools, installed packages' lists of
    kinds. Not the tools themselves, nor what was published."""
    yield from _project(build)
    steps = build.graph.steps.values()
    modules = {name for step in steps for name in build.session.modules(step)}
    files = world.code_files(build.session.kinds, {step.kind for step in steps}, modules)
    yield from map(str, files)
    yield from _planned_by(build)
    yield from _edgebuild()
    yield from _installed()


def _project(build: Build) -> Iterator[str]:
    root = build.project.root
    for base in ("manifests", "manifests/models", "manifests/targets"):
        yield str(root / base)
    # Also folders without a manifest: one may be written into them.
    yield from (str(path) for path in (root / "manifests/models").glob("*/"))
    yield str(root / f"manifests/targets/{build.target}.yaml")
    for model in build.project.models.values():
        yield str(root / model.path)
    for step in build.graph.steps.values():
        for ref in step.inputs.values():
            if isinstance(ref, ProjectFile):
                yield str(root / ref.path)


def _planned_by(build: Build) -> Iterator[str]:
    """What says whether a check or probe can be planned: modules of those that are not, as well."""
    kinds = build.session.kinds
    for role in ("check", "probe"):
        for name in kinds.names(role):
            path = world.file(kinds.module(f"{role}/{name}"))
            if path is not None:
                yield path


def _edgebuild() -> Iterator[str]:
    package = Path(world.__file__).parents[1]
    for part in ("", *_PARTS):
        yield from map(str, (package / part).glob("*.py"))
    yield from (str(path) for path in (package / "report").glob("*/*") if path.is_file())
    yield from map(str, (package / "toolchains/locks").glob("*"))
    yield str(package / "verbs/__init__.py")
    # A kind is found by its place.
    yield from map(str, (package / "steps").glob("[!_]*/"))


def _installed() -> Iterator[str]:
    """Where packages are installed, and the lists of those that add kinds."""
    for name in sys.path:
        folder = Path(name).absolute()
        lists = [*folder.glob("*.dist-info/entry_points.txt")]
        lists += folder.glob("*.egg-info/entry_points.txt")
        if any(folder.glob("*.dist-info")) or any(folder.glob("*.egg-info")):
            yield str(folder)
        group = f"[{ENTRY_POINTS}]".encode()
        yield from (str(path) for path in lists if group in path.read_bytes())
