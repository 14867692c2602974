"""`doit train model=NAME [--again]`: reproduce the weights of a model of our own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from edgebuild.digest import Digest
from edgebuild.engine import world
from edgebuild.engine.opening import open_session
from edgebuild.engine.session import Session
from edgebuild.errors import EdgebuildError
from edgebuild.manifest.load import MODELS, load
from edgebuild.manifest.model import Model
from edgebuild.manifest.read_model import RECORD
from edgebuild.plan.training import expand_training
from edgebuild.step import ProjectFile, Step
from edgebuild.store import roots
from edgebuild.verbs import Context

# Of a record: what came out of the training, not what went in.
_RESULTS = ("sha256", "deterministic")


class NotReproduced(EdgebuildError):
    """Training again gave other bytes."""


def run(context: Context, model: str | None = None, *, again: bool = False) -> bool:
    """Write the trained weights and their record into the model's folder, and say whether the bytes are
    those that were there, and what code was edited since. With `again`, train even if the store has the
    result, and compare the two."""
    if not model:
        raise EdgebuildError("say which model to train", hint="doit train model=NAME")
    # The weights of other models do not matter here; they may be still to train as well.
    names = [path.name for path in (context.root / MODELS).glob("*")]
    project = load(context.root, context.kinds, untrained=names)
    graph = expand_training(project, model, context.kinds)
    (step,) = graph.steps.values()
    with ExitStack() as resources:
        session = open_session(
            graph, context.root, context.kinds, context.toolbox, resources, context.say
        )
        context.toolbox.provide([context.kinds.get(step.kind).tools])
        code = _code(session, step)
        edited = _edited(_record(_record_path(context, project.models[model])), code)
        if edited:
            context.say(f"{model}: edited since the recorded training: {', '.join(edited)}")
        known = session.restore(step.id)
        if known and not again:
            context.say(f"{model}: trained before from the same code and data; restored")
        else:
            context.say(f"{model}: training; its log is shown when it ends")
            first = session.outcomes[step.id].result.outputs if known else None
            second = session.rerun(step.id).result.outputs if known else _fresh(session, step.id)
            if first and first["weights"] != second["weights"]:
                raise NotReproduced(
                    f"training {model} again gave other weights",
                    fields={"first": first["weights"].hash, "again": second["weights"].hash},
                    hint="the training uses something it does not declare: time, threads, randomness",
                )
        outcome = session.outcomes[step.id]
        # No build names a training, so gc would take its result for one that nobody needs.
        session.store.set_root(roots.of_training(context.root, model), [outcome.key])
        session.records.save()
        context.say(session.store.read(outcome.result.log).decode(errors="replace").rstrip())
        _write(context, session, project.models[model], outcome.result.outputs, code)
        context.say(f"trained in {outcome.result.metadata.get('seconds')} s")
    return True


def _fresh(session: Session, step_id: str) -> Mapping[str, Digest]:
    return session.build(step_id).result.outputs


def _code(session: Session, step: Step) -> dict[str, str]:
    """sha256 of each of the project's Python files that a training runs, by path, and of each module of
    edgebuild that these import, with what it imports itself, by name."""
    inputs = session.action(step).inputs
    files = {
        ref.path: inputs[port].digest.hash
        for port, ref in step.inputs.items()
        if isinstance(ref, ProjectFile) and ref.path.endswith(".py")
    }
    return files | {name: world.module_digest(name) for name in session.modules(step)}


def _edited(record: Mapping[str, Any], code: Mapping[str, str]) -> list[str]:
    """What of `code` is other than the record says, came or went; nothing if the record does not tell."""
    then = record.get("code")
    if not isinstance(then, dict):
        return []
    return sorted(name for name in then.keys() | code.keys() if then.get(name) != code.get(name))


def _write(
    context: Context,
    session: Session,
    model: Model,
    outputs: Mapping[str, Digest],
    code: Mapping[str, str],
) -> None:
    weights = model.source.params.get("weights")
    if not isinstance(weights, ProjectFile):
        raise EdgebuildError(
            f"model `{model.name}` declares no weights file to write",
            position=model.source.position,
        )
    path = _record_path(context, model)
    recorded = _record(path)
    record = json.loads(session.store.read(outputs["record"]))
    record = {**(record if isinstance(record, dict) else {"training": record}), "code": code}
    made = {
        context.root / weights.path: session.store.read(outputs["weights"]),
        path: json.dumps(record, indent=1, sort_keys=True).encode(),
    }
    for target, data in made.items():
        before = target.read_bytes() if target.exists() else None
        verdict = "the same bytes as before" if before == data else "new bytes"
        target.write_bytes(data)
        context.say(f"{target.relative_to(context.root)}: {verdict}")
        if target != path and before and before != data:
            context.say(f"  {_why(recorded, record)}")


def _record(path: Path) -> dict[str, Any]:
    """What a record says; nothing if it is absent or damaged."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _why(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What differs between the circumstances of two trainings, as their records tell them."""
    changed = [
        f"{name} {before.get(name, 'unknown')} then, {value} now"
        for name, value in after.items()
        if isinstance(value, (str, int)) and name not in _RESULTS and before.get(name) != value
    ]
    edited = _edited(before, after.get("code", {}))
    if edited:
        changed.append(f"edited since: {', '.join(edited)}")
    if changed:
        return f"because the training was another: {', '.join(changed)}"
    unknown = "data or the machine" if "code" in before else "code, data or the machine"
    return f"though the record tells of no difference: {unknown} changed"


def _record_path(context: Context, model: Model) -> Path:
    return (context.root / model.path).with_name(RECORD)
