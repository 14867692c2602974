"""What manifests say, typed and frozen: the result of loading a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgebuild.errors import Position
from edgebuild.step import Contract, Limit, ProjectFile, Waiver


@dataclass(frozen=True, kw_only=True)
class Project:
    """Every manifest below `root`, by name, in the order of their names."""

    root: Path
    models: Mapping[str, Model]
    targets: Mapping[str, Target]


@dataclass(frozen=True, kw_only=True)
class Use:
    """A step kind as a manifest uses it: `kind` is its id, e.g. `pass/simplify`.

    `params` is plain JSON by the names of the kind's fields (`class_`, not `class`), with files as
    `ProjectFile` or `Fetched`; defaults are not filled in. `parse_params` makes it an instance.
    """

    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)
    position: Position | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Model:
    """`manifests/models/<name>/manifest.yaml`.

    `version` is of the contract (semver). `data` has `calibration` and `evaluation`, each if given.
    `decode` is no step but a function (`params`: file, function) that turns outputs into
    what quality metrics compare; its `kind` is `decode`. `path` is relative to the project's root.
    `released` and `record` are what `doit freeze` and `doit train` wrote beside the manifest, if they did.
    """

    name: str
    version: str
    license: str
    source: Use
    contract: Contract
    targets: Mapping[str, ModelTarget]
    description: str = ""
    data: Mapping[str, Use] = field(default_factory=dict)
    decode: Use | None = None
    training: Use | None = None
    recipe: tuple[Use, ...] = ()
    released: ProjectFile | None = None
    record: ProjectFile | None = None
    path: str = ""
    position: Position | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class ModelTarget:
    """A model on a target: passes after the model's own, backend parameters, limits, variants.

    `compile` is by the names of the backends' fields; each backend takes those it knows. `own_backends`
    make its artifacts in place of the target's; empty = the target's do. `refused` is the reason why
    the target's compiler does not take the model; empty = it does.
    """

    target: str
    own_backends: tuple[str, ...] = ()
    recipe: tuple[Use, ...] = ()
    compile: Mapping[str, Any] = field(default_factory=dict)
    accept: tuple[Limit, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    matrix: tuple[Axis, ...] = ()
    refused: str = ""
    position: Position | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A dimension of a matrix: every combination of the axes' values is a variant."""

    name: str
    values: tuple[AxisValue, ...]


@dataclass(frozen=True, kw_only=True)
class AxisValue:
    """What one value of an axis adds: passes behind all others, backend parameters, limits that
    replace those on the same metric."""

    label: str
    recipe: tuple[Use, ...] = ()
    compile: Mapping[str, Any] = field(default_factory=dict)
    accept: tuple[Limit, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits over all models that run on a target at once; `edgebuild.manifest.budget` says which there are.

    `variants` names the variant of a model that runs, or `none`; of another the largest counts.
    """

    limits: tuple[Limit, ...] = ()
    variants: Mapping[str, str] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    position: Position | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Target:
    """`manifests/targets/<name>.yaml`: a product or board. `isa` is what host artifacts may use."""

    name: str
    description: str
    device: Mapping[str, Any]
    backends: tuple[str, ...]
    firmware: Mapping[str, str] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    roofline: Mapping[str, Any] = field(default_factory=dict)
    isa: str | None = None
    path: str = ""
    position: Position | None = field(default=None, compare=False)

    def backends_for(self, use: ModelTarget) -> tuple[str, ...]:
        """What makes a model's artifacts for it."""
        return use.own_backends or self.backends
