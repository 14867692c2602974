"""`doit train model=NAME [--again]`: reproduce the weights of a model of our own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from edgebuild import digest as digests
from edgebuild.digest import Digest
from edgebuild.engine.opening import open_session
from edgebuild.engine.session import Session
from edgebuild.errors import EdgebuildError
from edgebuild.manifest.load import MODELS, load
from edgebuild.manifest.model import Model
from edgebuild.plan.training import expand_training
from edgebuild.step import ProjectFile
from edgebuild.store import roots
from edgebuild.verbs import Context

# Of a record: what came out of the training, not what went in.
_RESULTS = ("sha256", "deterministic")


class NotReproduced(EdgebuildError):
    """Training again gave other bytes."""


def run(context: Context, model: str | None = None, *, again: bool = False) -> bool:
    """Write the trained weights and their record into the model's folder, and say whether the bytes are
    those that were there. With `again`, train even if the store has the result, and compare the two."""
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
        _write(context, session, project.models[model], outcome.result.outputs)
        context.say(f"trained in {outcome.result.metadata.get('seconds')} s")
    return True


def _fresh(session: Session, step_id: str) -> Mapping[str, Digest]:
    return session.build(step_id).result.outputs


def _write(context: Context, session: Session, model: Model, outputs: Mapping[str, Digest]) -> None:
    weights = model.source.params.get("weights")
    if not isinstance(weights, ProjectFile):
        raise EdgebuildError(
            f"model `{model.name}` declares no weights file to write",
            position=model.source.position,
        )
    targets = {"weights": context.root / weights.path, "record": _record_path(context, model)}
    recorded = _record(targets["record"])
    for port, path in targets.items():
        before = digests.of_file(path) if path.exists() else None
        verdict = "the same bytes as before" if before == outputs[port] else "new bytes"
        path.write_bytes(session.store.read(outputs[port]))
        context.say(f"{path.relative_to(context.root)}: {verdict}")
        if port == "weights" and before and before != outputs[port]:
            context.say(f"  {_why(recorded, json.loads(session.store.read(outputs['record'])))}")


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
    if changed:
        return f"because the training was another: {', '.join(changed)}"
    return "though the record tells of no difference: code, data or the machine changed"


def _record_path(context: Context, model: Model) -> Path:
    return (context.root / model.path).with_name("training.json")
