"""Manifests and a target -> the graph of steps that build, run and check every variant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from edgebuild.errors import EdgebuildError, suggest
from edgebuild.kinds import Kinds
from edgebuild.manifest.model import Model, ModelTarget, Project, Target, Use
from edgebuild.params import parse_params
from edgebuild.plan.behind import Behind
from edgebuild.plan.graph import Builder, Graph, Refused, Variant, order
from edgebuild.plan.matrix import Choice, choices, merged
from edgebuild.plan.params import split_files
from edgebuild.step import Contract, File, Output, Step

# What a backend says of its artifact, beside the artifact itself.
_ABOUT_ARTIFACT = ("contract", "placement", "names")

Ref = Output | File
Scope = dict[str, Ref]


class UnknownName(EdgebuildError):
    """A target or model that no manifest declares."""


def expand(
    project: Project,
    target: str,
    kinds: Kinds,
    model: str | None = None,
    abilities: Collection[str] = (),
) -> Graph:
    """The graph of one target, or of one model on it. UnknownName with a suggestion.

    `abilities` says which probes the machine can run (`StepKind.needs`)."""
    if target not in project.targets:
        raise unknown("target", target, list(project.targets))
    if model is not None and model not in project.models:
        raise unknown("model", model, list(project.models))
    chosen = [project.models[model]] if model else list(project.models.values())
    builder = Builder()
    variants: list[Variant] = []
    refused: list[Refused] = []
    for one in chosen:
        use = one.targets.get(target)
        if use is None:
            continue
        if use.refused:
            refused.append(Refused(model=one.name, target=target, reason=use.refused))
            continue
        expansion = _ModelExpansion(one, project.targets[target], use, kinds, builder, abilities)
        variants += expansion.variants()
    if not variants and not refused:
        raise UnknownName(
            f"no model is declared for target `{target}`"
            if model is None
            else f"model `{model}` is not declared for target `{target}`",
            hint=f"add `{target}:` below `targets:` in a model's manifest",
        )
    goals = [step for variant in variants for step in variant.goals]
    steps = order(builder.steps, goals)
    later = order(builder.steps, [v.diagnosis for v in variants if v.diagnosis])
    return Graph(
        steps=steps,
        variants=tuple(variants),
        refused=tuple(refused),
        later={name: step for name, step in later.items() if name not in steps},
    )


@dataclass(frozen=True)
class _Line:
    """Where a model stands after some passes: what is in scope, and its contract there."""

    scope: Scope
    contract: Contract


class _ModelExpansion:
    """One model on one target. Steps shared between targets get ids without the target's name."""

    def __init__(
        self,
        model: Model,
        target: Target,
        use: ModelTarget,
        kinds: Kinds,
        builder: Builder,
        abilities: Collection[str],
    ) -> None:
        self.model, self.target, self.use, self.kinds = model, target, use, kinds
        self.builder, self.abilities = builder, abilities

    def variants(self) -> Iterator[Variant]:
        shared = self._passes(self._source(), self.model.recipe, self.model.name)
        prefix = f"{self.model.name}/{self.target.name}"
        line = self._passes(shared, self.use.recipe, prefix)
        backends = self.target.backends_for(self.use)
        several = len(backends) > 1
        for choice in choices(self.use):
            inner = "/".join(filter(None, (prefix, choice.label)))
            chosen = self._passes(line, choice.recipe, inner)
            for backend in backends:
                label = ",".join(filter(None, (choice.label, backend if several else "")))
                where = "/".join(filter(None, (prefix, label)))
                yield self._variant(chosen, choice, backend, label, where)

    # ------------------------------------------------------------ the line

    def _source(self) -> _Line:
        model = self.model
        scope: Scope = {}
        source = self._add(model.source, f"{model.name}/source", scope, model.contract)
        kind = self.kinds.get(model.source.kind)
        scope |= {port: Output(step=source.id, port=port) for port in kind.produces}
        if kind.canonical:
            first = Use(kind=f"pass/{kind.canonical}", position=model.source.position)
            canonical = self._add(first, f"{model.name}/{kind.canonical}", scope, model.contract)
            scope["model"] = scope["source_model"] = Output(step=canonical.id, port="model")
        scope |= self._files(source)
        for name in ("calibration", "evaluation"):
            use = model.data.get(name)
            if use is not None:
                step = self._add(use, f"{model.name}/{name}", {}, model.contract)
                scope[name] = Output(step=step.id, port="dataset")
        if "evaluation" in scope:
            truth = kind.runtime or "reference"
            use = Use(kind=f"runtime/{truth}", position=model.source.position)
            step = self._add(use, f"{model.name}/reference", scope, model.contract)
            scope["expected"] = Output(step=step.id, port="expected")
        return _Line(scope, model.contract)

    def _files(self, source: Step) -> Scope:
        """What of the project's files checks look into, beside what is made of them."""
        model = self.model
        found: Scope = {f"source.{p}": r for p, r in source.inputs.items() if isinstance(r, File)}
        if model.released:
            found["released"] = model.released
        weights = model.source.params.get("weights")
        if model.training and weights:
            found["trained_weights"] = weights
            if model.record:
                found["training_record"] = model.record
        return found

    def _passes(self, line: _Line, recipe: Sequence[Use], prefix: str) -> _Line:
        scope, contract = dict(line.scope), line.contract
        seen: Counter[str] = Counter()
        for use in recipe:
            name = use.kind.partition("/")[2]
            seen[name] += 1
            unique = name if seen[name] == 1 else f"{name}-{seen[name]}"
            step = self._add(use, f"{prefix}/{unique}", scope, contract)
            scope["model"] = Output(step=step.id, port="model")
            contract = self._changed(use, contract)
        return _Line(scope, contract)

    def _variant(
        self, line: _Line, choice: Choice, backend: str, label: str, where: str
    ) -> Variant:
        kind = self.kinds.get(f"backend/{backend}")
        known = set(split_files(kind.params, {})[2])
        settings = {**self.use.compile, **choice.compile}
        params = {name: value for name, value in settings.items() if name in known}
        use = Use(kind=f"backend/{backend}", params=params, position=self.use.position)
        if "model" not in kind.consumes:  # what it gives was not made of what the recipe leaves
            line = _Line({p: r for p, r in line.scope.items() if p != "model"}, self.model.contract)
        step = self._add(use, f"{where}/{backend}", line.scope, line.contract)
        contract = self._changed(use, line.contract)
        made = {port: Output(step=step.id, port=port) for port in kind.produces}
        artifact = {f"artifact.{p}": r for p, r in made.items() if p not in _ABOUT_ARTIFACT}
        scope: Scope = {**line.scope, **made, **artifact}
        limits = merged(self.use.accept, choice.accept)
        about: dict[str, Any] = {
            "model_contract": line.contract.to_json(),
            "backend": backend,
            "floats": kind.floats,
            "variant": "/".join(filter(None, (self.target.name, label))),
        }
        behind = Behind(
            model=self.model,
            target=self.target,
            position=self.use.position,
            limits=limits,
            kinds=self.kinds,
            abilities=self.abilities,
            where=where,
            backend=kind,
            ports=scope,
            step=self.builder.steps.__getitem__,
            add=lambda one, name, ports, facts, code: self._add(
                one, name, ports, contract, {**about, **facts}, code
            ),
        )
        behind.run()
        checks, missing = behind.checks()
        shown = behind.shown()
        diagnosis = behind.probe("diagnosis")
        return Variant(
            model=self.model.name,
            target=self.target.name,
            label=label,
            backend=backend,
            contract=contract,
            ports=scope,
            artifact=tuple(kind.produces),
            checks=checks,
            shown=shown,
            diagnosis=diagnosis.id if diagnosis else "",
            limits=limits,
            waivers=self.use.waivers,
            missing=missing,
            declared_at=self.use.position,
        )

    # ------------------------------------------------------------ one step

    def _add(
        self,
        use: Use,
        name: str,
        scope: Mapping[str, Ref],
        contract: Contract,
        more: Mapping[str, Any] = MappingProxyType({}),
        code: tuple[str, ...] = (),
    ) -> Step:
        kind = self.kinds.get(use.kind)
        plain, files, _ = split_files(kind.params, use.params)
        inputs: dict[str, Ref] = dict(files)
        for port in kind.consumes:
            wanted = port.removesuffix("?")
            if wanted.endswith(".*"):
                inputs |= {p: r for p, r in scope.items() if p.startswith(wanted[:-1])}
            elif wanted in scope:
                inputs[wanted] = scope[wanted]
            elif not port.endswith("?"):
                raise EdgebuildError(
                    f"`{use.kind}` needs `{wanted}`, which model `{self.model.name}` does not have",
                    position=use.position,
                    hint=self._remedy(wanted),
                )
        offered = {
            "contract": contract.to_json(),
            "source_contract": self.model.contract.to_json(),
            "model": {
                "name": self.model.name,
                "version": self.model.version,
                "license": self.model.license,
            },
            "device": dict(self.target.device),
            "firmware": dict(self.target.firmware),
            "roofline": dict(self.target.roofline),
            "isa": self.target.isa,
            "evidence": None,
            **more,
        }
        facts = {fact: offered[fact] for fact in kind.facts}
        return self.builder.add(
            Step(
                id=name,
                kind=use.kind,
                params=plain,
                facts=facts,
                inputs=inputs,
                code=code,
                declared_at=use.position,
            )
        )

    def _remedy(self, port: str) -> str | None:
        if port in ("calibration", "evaluation"):
            return f"declare `data: {port}:` in its manifest"
        if port == "model":
            source = self.model.source.kind.partition("/")[2]
            return f"its source `{source}` is no ONNX: backends `given_...` alone can take it"
        return None

    def _changed(self, use: Use, contract: Contract) -> Contract:
        kind = self.kinds.get(use.kind)
        if kind.contract is None:
            return contract
        plain, _, _ = split_files(kind.params, use.params)
        return kind.contract(parse_params(kind.params, plain), contract)


def unknown(what: str, name: str, known: list[str]) -> UnknownName:
    """The error for a name that no manifest declares, with what may have been meant."""
    near = suggest(name, known)
    listing = ", ".join(sorted(known)) or "none are declared"
    return UnknownName(
        f"unknown {what} `{name}`",
        hint=f"did you mean `{near}`? There are: {listing}" if near else f"there are: {listing}",
    )
