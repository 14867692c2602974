"""The registry of step kinds: found by their place or by entry point, imported when asked for."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import pkgutil
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from edgebuild.errors import EdgebuildError, suggest
from edgebuild.params import params_schema, parse_params
from edgebuild.step import LIMIT_FIELDS, Metric, Role, StepKind

__all__ = [
    "BrokenKindError",
    "Kinds",
    "UnknownKindError",
    "load_kinds",
    "params_schema",
    "parse_params",
]

ENTRY_POINTS = "edgebuild.kinds"

# A folder of `edgebuild/steps` -> the role of the kinds in it.
_FOLDERS: Mapping[str, Role] = {
    "sources": "source",
    "data": "data",
    "passes": "pass",
    "backends": "backend",
    "runtimes": "runtime",
    "probes": "probe",
    "checks": "check",
    "trainings": "training",
}
_ROLES = tuple(_FOLDERS.values())
_METRIC_FUNCTIONS = ("statistics", "score")


class UnknownKindError(EdgebuildError):
    """A kind of step that nothing provides."""


class BrokenKindError(EdgebuildError):
    """A module that says it is a kind of step and is not."""


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """Step kinds by id (`pass/simplify`), quality metrics by name (`psnr_db`) -> dotted module.

    Names are known without an import; a module is imported when its kind is asked for.
    """

    modules: Mapping[str, str]
    quality: Mapping[str, str] = field(default_factory=dict)

    def names(self, role: Role) -> tuple[str, ...]:
        """Names of one role's kinds, sorted."""
        prefix = f"{role}/"
        return tuple(sorted(k.removeprefix(prefix) for k in self.modules if k.startswith(prefix)))

    def get(self, kind_id: str) -> StepKind:
        """The kind. UnknownKindError with a suggestion, BrokenKindError if it is unusable."""
        kind = getattr(self._import(kind_id), "KIND", None)
        role = kind_id.partition("/")[0]
        if not isinstance(kind, StepKind) or kind.role != role:
            raise BrokenKindError(
                f"module `{self.modules[kind_id]}` does not define a {role}",
                fields={"kind": kind_id},
                hint=f'it must have `KIND = StepKind(role="{role}", ...)`',
            )
        if wrong := _wrong_output(list(kind.produces.values())):
            raise BrokenKindError(
                f"{role} `{kind_id.partition('/')[2]}` writes {wrong}",
                fields={"module": self.modules[kind_id]},
                hint="`produces` maps each port to a file name of its own, without folders",
            )
        return kind

    def manual(self, kind_id: str) -> str:
        """The manual page: docstring of a kind's module, or of a metric's (`metric/psnr_db`)."""
        return inspect.getdoc(self._import(kind_id)) or ""

    def module(self, kind_id: str) -> str:
        """Dotted name of the module that defines a kind, or a metric (`metric/psnr_db`)."""
        role, _, name = kind_id.partition("/")
        table = self.quality if role == "metric" else self.modules
        key = name if role == "metric" else kind_id
        if key not in table:
            raise _unknown(role, name, [k.removeprefix(f"{role}/") for k in table])
        return table[key]

    def metrics(self) -> Mapping[str, Metric]:
        """What a manifest can accept by: `<check>.<name>`, and `quality.<name>` of each metric."""
        found: dict[str, Metric] = {}
        for check in self.names("check"):
            for name, metric in self.get(f"check/{check}").metrics.items():
                found[f"{check}.{name}"] = metric
        for name in self.quality_metrics():
            found[f"quality.{name}"] = self.metric(name)
        return found

    def metric(self, name: str) -> Metric:
        """A quality metric. BrokenKindError if its module is none, or its parameters cannot be told
        from limits."""
        module = self._import(f"metric/{name}")
        own = getattr(module, "METRIC", None)
        if not isinstance(own, Metric) or not all(hasattr(module, f) for f in _METRIC_FUNCTIONS):
            raise BrokenKindError(
                f"module `{self.quality[name]}` does not define a metric",
                hint="it must have `METRIC = Metric(...)`, `statistics(predictions, truth, params)` and"
                " `score(statistics, times)`; package `edgebuild.steps.metrics` says what they are",
            )
        for item in fields(own.params):
            if item.name in LIMIT_FIELDS:
                raise BrokenKindError(
                    f"a parameter of metric `{name}` cannot be called `{item.name}`",
                    fields={"module": self.quality[name]},
                    hint=f"that is a limit's own, as are all of: {', '.join(LIMIT_FIELDS)}",
                )
        return own

    def quality_metrics(self) -> tuple[str, ...]:
        """Names of the quality metrics, sorted, without `quality.`."""
        return tuple(sorted(self.quality))

    def _import(self, kind_id: str) -> types.ModuleType:
        name = self.module(kind_id)
        try:
            return importlib.import_module(name)
        except Exception as error:  # whatever a module of a third party raises
            raise BrokenKindError(
                f"cannot import {kind_id}: {type(error).__name__}: {error}",
                fields={"module": name},
            ) from error


def _wrong_output(names: list[str]) -> str:
    """What is wrong with the names that a step is to write its outputs as; empty if nothing is."""
    for name in names:
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            return f"`{name}`, which is no file's name"
        if names.count(name) > 1:
            return f"two outputs as `{name}`"
    return ""


def load_kinds() -> Kinds:
    """The kinds of edgebuild itself and those that installed packages add by entry point.

    An entry point of group `edgebuild.kinds` is called by its kind (`pass/fold_bias`, or
    `metric/dice` for a quality metric) and names a module. BrokenKindError if two claim one name.
    """
    import edgebuild.steps

    modules: dict[str, str] = {}
    quality: dict[str, str] = {}
    for base in edgebuild.steps.__path__:
        for folder, role in _FOLDERS.items():
            package = f"{edgebuild.steps.__name__}.{folder}"
            modules |= {f"{role}/{n}": f"{package}.{n}" for n in _listed(Path(base, folder))}
        package = f"{edgebuild.steps.__name__}.metrics"
        quality |= {n: f"{package}.{n}" for n in _listed(Path(base, "metrics"))}
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        role_name, _, name = point.name.partition("/")
        table, key = (quality, name) if role_name == "metric" else (modules, point.name)
        if not name.isidentifier() or role_name not in (*_ROLES, "metric"):
            raise BrokenKindError(
                f"entry point `{point.name}` does not name a kind",
                fields={"group": ENTRY_POINTS, "module": point.value},
                hint=f"call it `<role>/<name>`; roles: {', '.join((*_ROLES, 'metric'))}",
            )
        if table.setdefault(key, point.value) != point.value:
            raise BrokenKindError(
                f"two modules provide `{point.name}`",
                fields={"one": table[key], "other": point.value},
            )
    return Kinds(modules=modules, quality=quality)


def _listed(folder: Path) -> Iterable[str]:
    return (m.name for m in pkgutil.iter_modules([str(folder)]) if not m.name.startswith("_"))


def _unknown(role: str, name: str, known: Iterable[str]) -> UnknownKindError:
    if role not in (*_ROLES, "metric"):
        return UnknownKindError(f"unknown role `{role}`", hint=f"there are: {', '.join(_ROLES)}")
    near = suggest(name, known)
    listing = "`doit kinds` shows all of them"
    return UnknownKindError(
        f"unknown {role} `{name}`", hint=f"did you mean `{near}`? {listing}" if near else listing
    )
