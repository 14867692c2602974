"""`compile:` and `matrix:` of a manifest: parameters of the target's backends, and variants."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edgebuild.errors import Position, suggest
from edgebuild.kinds import Kinds
from edgebuild.manifest.document import Document, ManifestError, Path, quoted
from edgebuild.manifest.explain import explain
from edgebuild.manifest.model import Axis, AxisValue, Use
from edgebuild.manifest.read_gates import read_limits
from edgebuild.manifest.validate import Check, compiled, matcher
from edgebuild.manifest.values import LABEL
from edgebuild.params import params_schema, place_files, required_params, yaml_name
from edgebuild.step import File

MOST_VARIANTS = 1000
# A variant's label is a folder's name and part of others'.
LONGEST_LABEL = 150


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Reads parameters for the backends of one target; `backends` None = they are not known."""

    document: Document
    kinds: Kinds
    definitions: Mapping[str, Any]
    backends: tuple[str, ...] | None
    target: str
    place: Callable[[Any, Path], File]
    problems: list[ManifestError]

    def read(self, value: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """Parameters by field names. Each must be one that some backend has, and valid for all
        backends that have it."""
        read: dict[str, Any] = {}
        for name, setting in value.items():
            if self.knows(name, (*path, name)):
                read |= self.one(name, setting, (*path, name))
        return read

    def knows(self, name: str, path: Path) -> bool:
        """Whether some backend has the parameter that is named at `path`; if none, so noted."""
        if self.backends is None:
            return False
        known = any(name in _checks(c) for c in self._classes())
        if not known:
            self.problems.append(self._unknown(name, self.document.key(path)))
        return known

    def one(self, name: str, setting: Any, path: Path) -> dict[str, Any]:
        """One known parameter by its field's name; nothing if its value is wrong."""
        takers = [c for c in self._classes() if name in _checks(c)]
        for taker in takers:
            schema, valid = _checks(taker)[name]
            if not valid(setting):
                found = explain(self.document, schema, self.definitions, path, setting)
                self.problems.extend(problem for _, problem in found)
                return {}
        return place_files(
            takers[0], {name: setting}, lambda file, below: self.place(file, (*path, *below[1:]))
        )

    def check_required(
        self, base: Mapping[str, Any], matrix: tuple[Axis, ...], position: Position
    ) -> None:
        """Note the parameters without default that some variant lacks."""
        given = set(base)
        for axis in matrix:
            if axis.values:
                given |= set.intersection(*(set(value.compile) for value in axis.values))
        for backend, taker in zip(self.backends or (), self._classes(), strict=True):
            for name in required_params(taker):
                if name not in {yaml_name(field) for field in given}:
                    self.problems.append(
                        ManifestError(
                            f"backend `{backend}` of target `{self.target}` needs the compile "
                            f"parameter `{name}`",
                            position=position,
                            hint=f"add `compile: {{{name}: ...}}`",
                        )
                    )

    def _classes(self) -> list[type]:
        return [self.kinds.get(f"backend/{b}").params for b in self.backends or ()]

    def _unknown(self, name: str, position: Position) -> ManifestError:
        backends = " and ".join(f"`{b}`" for b in self.backends or ())
        known = sorted({name for c in self._classes() for name in _checks(c)})
        near = suggest(name, known)
        listing = f"parameters: {', '.join(known)}" if known else "there are none"
        return ManifestError(
            f"no backend of target `{self.target}` ({backends}) has a parameter {quoted(name)}",
            position=position,
            hint=f"did you mean `{near}`?" if near else listing,
        )


def read_matrix(
    settings: Settings,
    value: Mapping[str, Any],
    path: Path,
    recipe: Callable[[Any, Path], tuple[Use, ...]],
) -> tuple[Axis, ...]:
    """The axes of a target of a model (`value`, at `path`)."""
    document, problems = settings.document, settings.problems
    axes: list[Axis] = []
    set_by: dict[str, str] = {}
    for name, axis in value.get("matrix", {}).items():
        here: Path = (*path, "matrix", name)
        listed = isinstance(axis, list)
        values = (
            _listed(settings, name, axis, here)
            if listed
            else _labelled(settings, axis or {}, here, recipe)
        )
        axes.append(Axis(name=name, values=tuple(values)))
        taken = {yaml_name(field) for v in axes[-1].values for field in v.compile}
        if listed and name in value.get("compile", {}):
            set_by.setdefault(name, "compile")
        for setting in sorted(taken):
            other = set_by.setdefault(setting, name)
            if other != name:
                problems.append(
                    ManifestError(
                        f"`{setting}` is set by `{other}` and by `{name}`",
                        position=document.key(here),
                        hint="let one of them set it",
                    )
                )
    count = math.prod(len(axis.values) for axis in axes)
    if count > MOST_VARIANTS:
        problems.append(
            ManifestError(
                f"the matrix has {count:,} variants, more than {MOST_VARIANTS:,}",
                position=document.key((*path, "matrix")),
            )
        )
    longest = ",".join(
        f"{axis.name}-{max((v.label for v in axis.values), key=len, default='')}" for axis in axes
    )
    if len(longest) > LONGEST_LABEL:
        problems.append(
            ManifestError(
                f"a variant would be called by {len(longest)} characters, more than {LONGEST_LABEL}",
                position=document.key((*path, "matrix")),
                fields={"variant": longest},
                hint="give the axes or their values shorter names",
            )
        )
    return tuple(axes)


def _listed(settings: Settings, name: str, axis: list[Any], path: Path) -> Iterator[AxisValue]:
    """Each value sets the compile parameter of the axis' name."""
    fits = matcher(LABEL["pattern"])
    labels: set[str] = set()
    known = settings.knows(name, path)
    for i, value in enumerate(axis):
        if value is None:
            continue
        at = settings.document.at((*path, i))
        label = str(value).lower() if isinstance(value, bool) else str(value)
        if not fits(label) or label in labels:
            what = (
                "is there twice" if label in labels else f"cannot be {LABEL['patternErrorMessage']}"
            )
            settings.problems.append(
                ManifestError(
                    f"{quoted(label)} {what}",
                    position=at,
                    hint="a variant is called by its value; `{label: {compile: ...}}` names it",
                )
            )
            continue
        labels.add(label)
        yield AxisValue(label=label, compile=settings.one(name, value, (*path, i)) if known else {})


def _labelled(
    settings: Settings,
    axis: Mapping[str, Any],
    path: Path,
    recipe: Callable[[Any, Path], tuple[Use, ...]],
) -> Iterator[AxisValue]:
    """Each label has its own additions."""
    for label, value in axis.items():
        here: Path = (*path, label)
        additions = value or {}
        yield AxisValue(
            label=label,
            recipe=recipe(additions.get("recipe", ()), (*here, "recipe")),
            compile=settings.read(additions.get("compile", {}), (*here, "compile")),
            accept=read_limits(
                settings.document, additions.get("accept", {}), (*here, "accept"), settings.problems
            ),
        )


@functools.cache
def _checks(params: type) -> Mapping[str, tuple[Mapping[str, Any], Check]]:
    """A backend's parameters by name: schema, and whether a value is valid."""
    properties = params_schema(params)["properties"]
    return {name: (schema, compiled(schema, {})) for name, schema in properties.items()}
