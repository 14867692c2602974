"""`doit freeze model=NAME`: record the contracts of a model as released, for later builds to be held to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgebuild.errors import EdgebuildError, suggest
from edgebuild.formats import contract_change, released, semver
from edgebuild.formats.released import Released
from edgebuild.manifest.model import Model
from edgebuild.plan.expand import expand
from edgebuild.plan.graph import Variant
from edgebuild.report.figures import count
from edgebuild.report.read import REPORT, read_report
from edgebuild.store import files
from edgebuild.verbs import Context


class NotReleasable(EdgebuildError):
    """Contracts that cannot be recorded under the manifest's version."""


def run(context: Context, model: str | None = None) -> bool:
    """Write `released.json` into the model's folder: the model's contract, and that of each variant which is
    built and accepted. NotReleasable if there is none, or the version was released with other contracts or
    is before it."""
    if not model:
        raise EdgebuildError("say which model to freeze", hint="doit freeze model=NAME")
    project = context.project
    if model not in project.models:
        near = suggest(model, project.models)
        raise EdgebuildError(
            f"unknown model `{model}`",
            hint=f"did you mean `{near}`?" if near else "`doit show` lists them",
        )
    one = project.models[model]
    path = (context.root / one.path).with_name(released.NAME)
    before = released.load(path) if path.exists() else None
    found = dict(_built(context, one))
    if not found:
        raise NotReleasable(
            f"no artifact of {model} is built and accepted",
            hint="doit build target=NAME comes first",
        )
    made = _joined(one, before, found)
    for name in before.variants if before else ():
        if name not in made.variants:
            context.say(f"dropped    {name}  (released as {before.version})")  # type: ignore[union-attr]
    data = released.to_bytes(made)
    place = path.relative_to(context.root)
    if path.exists() and path.read_bytes() == data:
        context.say(f"{place} says this already: version {made.version}")
        return True
    files.write_atomic(path, data, scratch=path.parent, mode=0o644)
    context.say(f"{place}: version {made.version} of {count(len(made.variants), 'artifact')}")
    context.say("commit it: from now on the version must announce what changes")
    return True


def _joined(model: Model, before: Released | None, found: dict[str, dict[str, Any]]) -> Released:
    """The new record: with the artifacts recorded before, if it is the same version."""
    variants: dict[str, Any] = dict(found)
    if before is not None and before.version == model.version:
        _refuse_other(model, before, found)
        variants = {**before.variants, **found}
    elif before is not None and semver.parse(model.version) < semver.parse(before.version):
        raise NotReleasable(
            f"version {model.version} of {model.name} is before the released {before.version}",
            position=model.position,
            hint="raise `version`",
        )
    return Released(
        model=model.name,
        version=model.version,
        contract=model.contract.to_json(),
        variants=variants,
    )


def _refuse_other(model: Model, before: Released, found: dict[str, dict[str, Any]]) -> None:
    """A version means one contract."""
    pairs = [("the model", before.contract, model.contract.to_json())]
    pairs += [(name, old, found[name]) for name, old in before.variants.items() if name in found]
    changed = {
        name: "; ".join(change.text for change in changes)
        for name, old, new in pairs
        if (changes := contract_change.changes(old, new))
    }
    if changed:
        worst = contract_change.worst(
            change for name, old, new in pairs for change in contract_change.changes(old, new)
        )
        raise NotReleasable(
            f"version {model.version} of {model.name} was released with another contract",
            position=model.position,
            fields=changed,
            hint=f"raise `version` to {semver.needed(before.version, worst)} or higher",
        )


def _built(context: Context, model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    """Contracts of the variants that are built and accepted, by `target/label`; a line for each other."""
    for target, use in model.targets.items():
        if use.refused:
            continue
        for variant in expand(context.project, target, context.kinds, model.name).variants:
            contract = _contract(context, model, variant)
            if contract is not None:
                yield "/".join(filter(None, (variant.target, variant.label))), contract


def _contract(context: Context, model: Model, variant: Variant) -> dict[str, Any] | None:
    folder: Path = context.root / "artifacts" / variant.folder
    report = read_report(folder / REPORT)
    if report is None or not report["accepted"]:
        why = "rejected" if (folder / "rejected" / REPORT).exists() else "not built"
        context.say(f"{why:<9}  {variant.name}  (not recorded)")
        return None
    about, details = report.get("about", {}), report.get("details", {})
    promised = variant.contract.to_json()
    built = (about.get("model", {}).get("version"), details.get("contract", {}).get("expected"))
    if built != (model.version, promised):
        raise NotReleasable(
            f"{variant.name} was built from another manifest",
            fields={"built": f"version {built[0]}", "manifest": f"version {model.version}"},
            hint=f"doit build target={variant.target} model={model.name}",
        )
    context.say(f"recorded   {variant.name}")
    return released.with_quantization(promised, report.get("contract", {}))
