"""A step whose inputs are known -> the action that pins everything that can change its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgebuild import digest as digests
from edgebuild.action import Action, Input
from edgebuild.digest import Digest
from edgebuild.step import Step, StepKind

# Changed when the way steps are run changes in a manner that could change their bytes.
SALT = "edgebuild-2"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the world adds to a step: digests of each kind's code, of each tool environment and of modules
    that steps name, and the machine's facts by name ("isa")."""

    code: Mapping[str, str]
    tools: Mapping[str, str]
    machine: Mapping[str, str]
    modules: Mapping[str, str] = field(default_factory=dict)


def resolve(
    step: Step, kind: StepKind, inputs: Mapping[str, Input], around: Surroundings
) -> Action:
    """The action of a step. Where it was declared, its id and its target do not enter: equal work
    under another name is the same action."""
    code = around.code[step.kind]
    if step.code:
        code = digests.of_json([code, *(around.modules[name] for name in step.code)]).hash
    return Action(
        kind=step.kind,
        code=code,
        params=dict(step.params),
        facts=dict(step.facts),
        inputs=dict(inputs),
        outputs=dict(kind.produces),
        tools=around.tools[kind.tools],
        platform={fact: around.machine[fact] for fact in kind.platform},
        salt=SALT,
    )


def key(action: Action) -> Digest:
    """The cache key of an action."""
    return digests.of_json(action.to_json())
