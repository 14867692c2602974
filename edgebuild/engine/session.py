"""One build of one graph: looks each step up when its inputs are known, executes what is missing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from edgebuild.action import Action, ActionResult, Input
from edgebuild.digest import Digest
from edgebuild.engine import world
from edgebuild.engine.execute import Executor
from edgebuild.engine.inputs import Inputs
from edgebuild.engine.records import Records
from edgebuild.errors import EdgebuildError
from edgebuild.kinds import Kinds
from edgebuild.plan import explain
from edgebuild.plan.graph import Graph
from edgebuild.plan.resolve import Surroundings, key, resolve
from edgebuild.step import Output, ProjectFile, Step
from edgebuild.store.store import BlobLost, Store
from edgebuild.toolchains.provision import Tools

# A blob may be lost again while its step is being rebuilt; more than this is a broken disk.
_ATTEMPTS = 3


class ResultLost(EdgebuildError):
    """A result that was there is gone and cannot be had again as it was."""


class CodeEdited(EdgebuildError):
    """Code of a step that was edited while the step ran, so that nobody can say which of the two it was."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a step. `how` is `restored` or `built`; `reasons` say why it was built."""

    step: Step
    action: Action
    key: Digest
    result: ActionResult
    how: Literal["restored", "built"]
    reasons: tuple[str, ...] = ()


@dataclass
class Session:
    """State of a running build. Steps must be asked for after their inputs; each once, or again."""

    graph: Graph
    kinds: Kinds
    store: Store
    inputs: Inputs
    records: Records
    around: Surroundings
    tools: Callable[[str], Tools]
    execute: Executor
    # A file of a kind's code, or of modules, that was edited since its digest was computed.
    edited: Callable[[str, tuple[str, ...]], Path | None] = lambda kind, modules: None
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    # Actions of kinds that are `fresh` which this build has run.
    _seen: set[Digest] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _warmed: bool = False

    def action(self, step: Step) -> Action:
        """The action of a step; its inputs' outcomes must be known."""
        known = {port: self._input(ref) for port, ref in step.inputs.items()}
        whole = replace(step, code=self.modules(step))
        return resolve(whole, self.kinds.get(step.kind), known, self.around)

    def modules(self, step: Step) -> tuple[str, ...]:
        """What a step loads beside its kind: what it names, and what of edgebuild the project's own Python
        files among its inputs import."""
        files = [ref.path for ref in step.inputs.values() if isinstance(ref, ProjectFile)]
        own = (self.inputs.root / path for path in files if path.endswith(".py"))
        return (*step.code, *world.imported_by(own))

    def restore(self, step_id: str) -> bool:
        """Whether the store has the step's result; if so it is taken, verified."""
        step = self.graph.step(step_id)
        action = self.action(step)
        name = key(action)
        result = self.find(step, name)
        if result is None:
            return False
        self._note(Outcome(step=step, action=action, key=name, result=result, how="restored"))
        return True

    def find(self, step: Step, name: Digest) -> ActionResult | None:
        """What the store has of a step; nothing if the step must look for itself in every build."""
        if self.kinds.get(step.kind).fresh and name not in self._seen:
            return None
        return self.store.find(name)

    def build(self, step_id: str) -> Outcome:
        """Execute a step, unless another build did meanwhile; record its result. An input that was lost is
        made again; ResultLost if that does not help."""
        step = self.graph.step(step_id)
        for attempt in range(_ATTEMPTS):
            action = self.action(step)
            name = key(action)
            reasons = tuple(explain.differences(self.records.action(step_id), action.to_json()))
            try:
                with self.store.busy(name):
                    result = self.find(step, name)
                    how: Literal["restored", "built"] = "restored"
                    if result is None:
                        result = self._execute(step, action)
                        how = "built"
                outcome = Outcome(
                    step=step, action=action, key=name, result=result, how=how,
                    reasons=reasons or (self.why_again(step),),
                )  # fmt: skip
                self._note(outcome)
                return outcome
            except BlobLost as lost:
                if attempt == _ATTEMPTS - 1:
                    raise ResultLost(
                        f"what `{step_id}` reads is lost from the store again and again",
                        hint="`doit fsck` looks at the whole store; the disk may be failing",
                    ) from None
                self._rebuild(step, lost.digest)
        raise AssertionError("unreachable")

    def why_again(self, step: Step) -> str:
        """Why a step runs of which nothing has changed."""
        if self.kinds.get(step.kind).fresh:
            return "what it looks at may have changed"
        return "its result is no longer in the store"

    def rerun(self, step_id: str) -> Outcome:
        """Execute a step though the store has its result; the new result replaces it."""
        step = self.graph.step(step_id)
        action = self.action(step)
        with self.store.busy(key(action)):
            result = self._execute(step, action)
        outcome = Outcome(
            step=step, action=action, key=key(action), result=result, how="built",
            reasons=("asked for again",),
        )  # fmt: skip
        self._note(outcome)
        return outcome

    def _execute(self, step: Step, action: Action) -> ActionResult:
        kind = self.kinds.get(step.kind)
        for port, ref in step.inputs.items():
            if not isinstance(ref, Output):
                self.inputs.bring(ref, action.inputs[port].digest)
        tools = self.tools(kind.tools)
        self._warm(step)
        result = self.execute(step, kind, self.kinds.module(step.kind), action, tools)
        edited = self.edited(step.kind, self.modules(step))
        if edited is not None:
            raise CodeEdited(
                f"{edited} was edited while `{step.id}` ran, so its result is not kept",
                hint="build again",
            )
        self.store.put_result(key(action), result)
        self._seen.add(key(action))
        return result

    def _warm(self, step: Step) -> None:
        """Once, when the first step runs: what follows it will most likely run as well, and its workers'
        imports take seconds that the step leaves a core for."""
        with self._lock:
            first, self._warmed = not self._warmed, True
        if first:
            names = {self.kinds.get(s.kind).tools for s in self.graph.downstream(step.id)}
            self.execute.warm(map(self.tools, sorted(names)))

    def _rebuild(self, step: Step, lost: Digest) -> None:
        """Bring back a lost input by building again the step that made it."""
        for ref in step.inputs.values():
            if isinstance(ref, Output) and self._outcome(ref.step).result.outputs[ref.port] == lost:
                self.build(ref.step)

    def _input(self, ref: Any) -> Input:
        if isinstance(ref, Output):
            outcome = self._outcome(ref.step)
            name = self.kinds.get(outcome.step.kind).produces[ref.port]
            return Input(digest=outcome.result.outputs[ref.port], name=name)
        return self.inputs.resolve(ref)

    def _outcome(self, step_id: str) -> Outcome:
        with self._lock:
            return self.outcomes[step_id]

    def _note(self, outcome: Outcome) -> None:
        with self._lock:
            self.outcomes[outcome.step.id] = outcome
        self.records.note(outcome.step.id, outcome.action.to_json())

    def output(self, ref: Output) -> Digest:
        """Digest of a port of a finished step."""
        return self._outcome(ref.step).result.outputs[ref.port]


def actions_by_step(outcomes: Mapping[str, Outcome]) -> dict[str, Digest]:
    """Key of each finished step, for gc's roots."""
    return {name: outcome.key for name, outcome in outcomes.items()}
