"""A valid document -> a Model, with the checks that no schema expresses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgebuild.errors import suggest
from edgebuild.formats.released import NAME as RELEASED
from edgebuild.kinds import Kinds
from edgebuild.manifest.document import Document, ManifestError, Path, quoted
from edgebuild.manifest.files import Files
from edgebuild.manifest.idle_limits import idle_limits
from edgebuild.manifest.idle_waivers import idle_waivers
from edgebuild.manifest.model import Model, ModelTarget, Use
from edgebuild.manifest.read_contract import read_contract
from edgebuild.manifest.read_gates import read_limits, read_waivers
from edgebuild.manifest.read_variants import Settings, read_matrix
from edgebuild.params import place_files
from edgebuild.step import File, ProjectFile

_PINNED = {"url", "sha256", "size_bytes"}
RECORD = "training.json"


@dataclass(frozen=True, kw_only=True)
class World:
    """What a model's manifest may refer to.

    `targets` maps a target's name to its backends; None where its own manifest has problems.
    """

    kinds: Kinds
    files: Files
    definitions: Mapping[str, Any]
    targets: Mapping[str, tuple[str, ...] | None]


def read_model(
    document: Document, value: Any, world: World, *, may_lack_files: bool = False
) -> tuple[Model, list[ManifestError]]:
    """The model, and what is wrong with it; with problems, it is of no use.

    `value` is the document's, without what is known to be wrong. `may_lack_files`: the source's
    files need not exist, because they are about to be made.
    """
    maker = None
    if "training" in value:
        maker = f"`doit train model={value.get('name')}` makes the weights"
    reader = Reader(document=document, world=world, may_lack_files=may_lack_files, maker=maker)
    model = Model(
        name=value.get("name", ""),
        version=value.get("version", ""),
        license=value.get("license", ""),
        description=value.get("description", ""),
        source=reader.source(value.get("source", {})),
        contract=read_contract(document, value, reader.problems),
        data=reader.data(value.get("data", {})),
        decode=reader.decode(value.get("data", {}).get("decode")),
        training=reader.training(value.get("training")),
        recipe=reader.recipe(value.get("recipe", ()), ("recipe",)),
        targets={
            name: reader.target(name, target or {})
            for name, target in value.get("targets", {}).items()
        },
        released=reader.beside(RELEASED),
        record=reader.beside(RECORD) if "training" in value else None,
        path=document.file,
        position=document.key(("name",)) if "name" in value else None,
    )
    reader.check_data(model)
    return model, reader.problems


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads the parts of one model's manifest, and notes problems."""

    document: Document
    world: World
    may_lack_files: bool
    maker: str | None
    problems: list[ManifestError] = field(default_factory=list)

    def source(self, value: Mapping[str, Any]) -> Use:
        """The one source."""
        for name, params in value.items():
            if params is not None:
                return self._use(f"source/{name}", params, ("source", name), self.may_lack_files)
        return Use(kind="")

    def data(self, value: Mapping[str, Any]) -> dict[str, Use]:
        """What makes calibration and evaluation data."""
        return {
            name: self._use("data/python", value[name], ("data", name))
            for name in ("calibration", "evaluation")
            if value.get(name) is not None
        }

    def decode(self, value: Mapping[str, Any] | None) -> Use | None:
        """The function that decodes outputs."""
        if value is None:
            return None
        path: Path = ("data", "decode")
        params = dict(value)
        if "file" in params:
            params["file"] = self._file(params["file"], (*path, "file"))
        return Use(kind="decode", params=params, position=self.document.key(path))

    def training(self, value: Mapping[str, Any] | None) -> Use | None:
        """How the weights are made."""
        return None if value is None else self._use("training/torch", value, ("training",))

    def recipe(self, items: Any, path: Path) -> tuple[Use, ...]:
        """Passes, in order."""
        uses = []
        for i, item in enumerate(items):
            if isinstance(item, str):
                position = self.document.at((*path, i))
                uses.append(Use(kind=f"pass/{item}", position=position))
            elif item:
                ((name, params),) = item.items()
                uses.append(self._use(f"pass/{name}", params, (*path, i, name)))
        return tuple(uses)

    def target(self, name: str, value: Mapping[str, Any]) -> ModelTarget:
        """The model on one target."""
        path: Path = ("targets", name)
        position = self.document.key(path)
        known = self.world.targets
        if name not in known:
            near = suggest(name, known)
            listing = f"there are: {', '.join(known)}" if known else "no target is declared"
            self.problems.append(
                ManifestError(
                    f"unknown target {quoted(name)}",
                    position=position,
                    hint=f"did you mean `{near}`? {listing}" if near else listing,
                )
            )
        listed = value.get("backends", ())
        own = tuple(backend for backend in listed if backend)  # None = known to be wrong
        refused = value.get("refused", "")
        for part in ("accept", "waivers", "matrix"):
            if refused and value.get(part):
                self.problems.append(
                    ManifestError(
                        f"`refused` and `{part}` contradict each other",
                        position=self.document.key((*path, part)),
                        hint="a refused model is not built: nothing of it can be accepted",
                    )
                )
        settings = Settings(
            document=self.document,
            kinds=self.world.kinds,
            definitions=self.world.definitions,
            backends=None if len(own) < len(listed) else own or known.get(name),
            target=name,
            place=self._file,
            problems=self.problems,
        )
        compiled = settings.read(value.get("compile", {}), (*path, "compile"))
        matrix = read_matrix(settings, value, path, self.recipe)
        if not refused:
            settings.check_required(compiled, matrix, position)
        made = ModelTarget(
            target=name,
            own_backends=own,
            recipe=self.recipe(value.get("recipe", ()), (*path, "recipe")),
            compile=compiled,
            accept=read_limits(
                self.document, value.get("accept", {}), (*path, "accept"), self.problems
            ),
            waivers=read_waivers(
                self.document, value.get("waivers", ()), (*path, "waivers"), self.problems
            ),
            matrix=matrix,
            refused=refused,
            position=position,
        )
        if not refused:
            self.problems.extend(idle_waivers(self.document, made.waivers, self.world.kinds, path))
            self.problems.extend(idle_limits(self.document, self.world.kinds, path))
        return made

    def beside(self, name: str) -> ProjectFile | None:
        """A file that edgebuild itself wrote into the model's folder; None if it is not there."""
        files, folder = self.world.files, self.document.file.rpartition("/")[0]
        if not os.path.lexists(f"{files.root}/{folder}/{name}"):
            return None
        try:
            found = files.resolve(name, folder, self.document.at(()))
        except ManifestError as problem:
            self.problems.append(problem)
            return None
        return found if isinstance(found, ProjectFile) else None

    def check_data(self, model: Model) -> None:
        """Note passes and backends that read data which the manifest does not declare."""
        uses = list(model.recipe)
        for target in model.targets.values():
            uses += [
                *target.recipe,
                *(u for a in target.matrix for v in a.values for u in v.recipe),
            ]
            for backend in target.own_backends or self.world.targets.get(target.target) or ():
                uses.append(Use(kind=f"backend/{backend}", position=target.position))
        for use in uses:
            for port in self.world.kinds.get(use.kind).consumes:
                if port in ("calibration", "evaluation") and port not in model.data:
                    role, _, name = use.kind.partition("/")
                    self.problems.append(
                        ManifestError(
                            f"{role} `{name}` needs {port} data, and none is declared",
                            position=use.position,
                            hint=f"declare `data: {{{port}: {{file: ..., function: ...}}}}`",
                        )
                    )

    def _use(self, kind: str, params: Mapping[str, Any], path: Path, may_lack: bool = False) -> Use:
        placed = place_files(
            self.world.kinds.get(kind).params,
            params,
            lambda written, below: self._file(written, (*path, *below), may_lack),
        )
        return Use(kind=kind, params=placed, position=self.document.key(path))

    def _file(self, written: Any, path: Path, may_lack: bool = False) -> File:
        """The file, or, with its problem noted, one that no one will use."""
        folder = self.document.file.rpartition("/")[0]
        if written is None or (isinstance(written, Mapping) and not written.keys() >= _PINNED):
            return ProjectFile(path="")  # known to be wrong
        at = (*path, "url") if isinstance(written, Mapping) else path
        trained = path[0] == "source" and not str(written).endswith(".py")
        try:
            return self.world.files.resolve(
                written,
                folder,
                self.document.at(at),
                may_lack=may_lack,
                maker=self.maker if trained else None,
            )
        except ManifestError as problem:
            self.problems.append(problem)
            return ProjectFile(path="")
