"""A step with everything that can change its bytes pinned, and what running it gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edgebuild.digest import Digest


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of an action: its content, and the file name under which the step sees it."""

    digest: Digest
    name: str


@dataclass(frozen=True, kw_only=True)
class Action:
    """A step with everything that can change its bytes pinned. Its digest is the cache key."""

    kind: str
    code: str
    params: Mapping[str, Any]
    facts: Mapping[str, Any]
    inputs: Mapping[str, Input]
    outputs: Mapping[str, str]
    tools: str
    platform: Mapping[str, str]
    salt: str

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "code": self.code,
            "params": self.params,
            "facts": self.facts,
            "inputs": {port: [str(i.digest), i.name] for port, i in self.inputs.items()},
            "outputs": self.outputs,
            "tools": self.tools,
            "platform": self.platform,
            "salt": self.salt,
        }


@dataclass(frozen=True, kw_only=True)
class ActionResult:
    """What running an action gave. `metadata` (seconds, when, which machine) is never part of a key."""

    outputs: Mapping[str, Digest]
    log: Digest
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "outputs": {port: str(d) for port, d in self.outputs.items()},
            "log": str(self.log),
            "metadata": dict(self.metadata),
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> ActionResult:
        return ActionResult(
            outputs={port: Digest.parse(d) for port, d in value["outputs"].items()},
            log=Digest.parse(value["log"]),
            metadata=value["metadata"],
        )
