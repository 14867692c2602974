"""A project's manifests, all of them: read, checked against each other, typed; or every problem."""

from __future__ import annotations

import copy
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgebuild.errors import EdgebuildError, ManyErrors, suggest
from edgebuild.kinds import Kinds
from edgebuild.manifest import document as documents
from edgebuild.manifest import yaml12
from edgebuild.manifest.budget import unknown_variants
from edgebuild.manifest.document import Document, ManifestError, quoted
from edgebuild.manifest.explain import explain
from edgebuild.manifest.files import Files
from edgebuild.manifest.model import Model, Project, Target
from edgebuild.manifest.read_model import World, read_model
from edgebuild.manifest.read_target import read_target
from edgebuild.manifest.schema import schema
from edgebuild.manifest.validate import Check, compiled

MODELS = "manifests/models"
TARGETS = "manifests/targets"
_OTHER = {"model": "target", "target": "model"}
# How names of files end that lie beside the folders of targets and models.
PAGES = ".html"


def load(root: Path, kinds: Kinds, *, untrained: Collection[str] = ()) -> Project:
    """Every manifest below `root`; ManyErrors with all problems of all files.

    `untrained` names models whose source may name files that do not exist, because training is
    about to make them.
    """
    real = os.path.realpath(root)
    loader = _Loader(root=Path(real), files=Files(root=real), schema=schema(kinds), kinds=kinds)
    return loader.load(frozenset(untrained))


def without(value: Any, paths: Collection[documents.Path]) -> Any:
    """A copy of plain JSON without what is at `paths`; in a list, None stays in its place."""
    value = copy.deepcopy(value)
    for path in sorted(paths, key=len):
        holder: Any = value
        for part in path[:-1]:
            holder = holder[part] if _has(holder, part) else None
        if path and _has(holder, path[-1]):
            holder[path[-1]] = None
            if isinstance(holder, dict):
                del holder[path[-1]]
    return value


@dataclass
class _Loader:
    root: Path
    files: Files
    kinds: Kinds
    schema: Mapping[str, Any]
    problems: list[EdgebuildError] = field(default_factory=list)

    def load(self, untrained: Collection[str]) -> Project:
        if not (self.root / "manifests").is_dir():
            raise ManifestError(
                "there is no folder `manifests` here",
                hint="run edgebuild in a project's folder; `doit new model=NAME` begins one",
            )
        targets: dict[str, Target] = {}
        written: dict[str, Document] = {}
        backends: dict[str, tuple[str, ...] | None] = {}
        is_target = compiled({"$ref": "#/$defs/target"}, self.schema)
        for name, path in self._target_files():
            backends[name] = None
            read = self._read(name, path, "target", is_target)
            if read is None:
                continue
            target, problems = read_target(*read, self.kinds)
            self.problems += problems
            backends[name] = target.backends or None
            targets[name], written[name] = target, read[0]
        world = World(
            kinds=self.kinds, files=self.files, definitions=self.schema["$defs"], targets=backends
        )
        models: dict[str, Model] = {}
        is_model = compiled({"$ref": "#/$defs/model"}, self.schema)
        for name, path in self._model_files():
            read = self._read(name, path, "model", is_model)
            if read is None:
                continue
            model, problems = read_model(*read, world, may_lack_files=name in untrained)
            self.problems += problems
            models[name] = model
        if not self.problems:
            for name, target in targets.items():
                self.problems += unknown_variants(written[name], target, models)
        if self.problems:
            raise ManyErrors(self.problems)
        return Project(root=self.root, models=models, targets=targets)

    def _target_files(self) -> Iterator[tuple[str, str]]:
        for entry in self._entries(TARGETS):
            name, _, suffix = entry.name.rpartition(".")
            if suffix == "yaml":
                yield name, f"{TARGETS}/{entry.name}"
            elif suffix == "yml":
                message = f"{quoted(f'{TARGETS}/{entry.name}')} is not read"
                hint = f"call it {quoted(f'{name}.yaml')}"
                self.problems.append(ManifestError(message, hint=hint))

    def _model_files(self) -> Iterator[tuple[str, str]]:
        for entry in self._entries(MODELS):
            folder = f"{MODELS}/{entry.name}"
            if not entry.is_dir():
                continue
            if os.path.lexists(f"{entry.path}/manifest.yaml"):
                yield entry.name, f"{folder}/manifest.yaml"
                continue
            names = [inner.name for inner in self._entries(folder)]
            if names:
                near = suggest("manifest.yaml", names)
                self.problems.append(
                    ManifestError(
                        f"{quoted(folder)} has no `manifest.yaml`",
                        hint=f"rename {quoted(near)}"
                        if near
                        else "let the name of a folder that is no model begin with `_`",
                    )
                )

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """What is in a folder, without what is hidden or private; nothing if there is none."""
        try:
            with os.scandir(self.root / folder) as entries:
                return sorted((e for e in entries if e.name[0] not in "._"), key=lambda e: e.name)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ManifestError(f"cannot read {quoted(folder)}: {error.strerror}") from error

    def _read(
        self, name: str, path: str, kind: str, is_valid: Check
    ) -> tuple[Document, Any] | None:
        """The document and its value without what is wrong in it; problems are noted."""
        file = path.encode(errors="replace").decode()
        try:
            document, problems = yaml12.parse(self._content(path), file)
        except ManifestError as problem:
            self.problems.append(problem)
            return None
        self.problems += problems
        if document is None:
            return None
        value = document.value
        if isinstance(value, dict) and value.get("kind") == _OTHER[kind]:
            self.problems.append(
                ManifestError(
                    f"a {value['kind']} where a {kind} belongs",
                    position=document.at(("kind",)),
                    hint=f"models: {MODELS}/<name>/manifest.yaml; targets: {TARGETS}/<name>.yaml",
                )
            )
            return None
        paths = set(document.spoilt)
        if not is_valid(value):
            found = explain(document, {"$ref": f"#/$defs/{kind}"}, self.schema["$defs"])
            self.problems += [problem for _, problem in found]
            paths |= {where for where, _ in found if where is not None}
        if paths:
            value = without(value, paths)
        if not isinstance(value, dict) or () in paths:
            return None
        self._check_name(document, value, name, path)
        return document, value

    def _check_name(
        self, document: Document, value: Mapping[str, Any], name: str, path: str
    ) -> None:
        given = value.get("name", name)
        if name.endswith(PAGES):
            self.problems.append(
                ManifestError(
                    f"{quoted(name)} cannot be a name: pages are called so among the artifacts",
                    position=document.at(("name",) if "name" in value else ()),
                    hint=f"leave `{PAGES}` out",
                )
            )
            return
        if given == name:
            return
        what = "folder" if path.startswith(MODELS) else "file"
        other = f"{MODELS}/{given}" if what == "folder" else f"{TARGETS}/{given}.yaml"
        taken = (self.root / other).exists()
        self.problems.append(
            ManifestError(
                f"the name {quoted(given)} is not that of the {what}, {quoted(name)}",
                position=document.at(("name",)),
                hint=f"{quoted(given)} is the name of {quoted(other)}: write `name: {name}`"
                if taken
                else f"write `name: {name}`, or rename the {what}",
            )
        )

    def _content(self, path: str) -> bytes:
        """What a manifest holds, or its first bytes if it is too large; ManifestError if it is no
        regular file of the project."""
        try:
            found = self.files.status(path)
            if found is None:
                raise ManifestError(f"{quoted(path)} lies outside the project")
            if not stat.S_ISREG(found.st_mode):
                raise ManifestError(f"{quoted(path)} is no regular file")
            with (self.root / path).open("rb") as file:
                return file.read(yaml12.LARGEST_BYTES + 1)
        except OSError as error:
            raise ManifestError(f"cannot read {quoted(path)}: {error.strerror}") from error


def _has(holder: Any, part: str | int) -> bool:
    if isinstance(holder, dict):
        return part in holder
    return isinstance(holder, list) and isinstance(part, int) and part < len(holder)
