"""What an artifact that somebody else built calls its inputs and outputs, by the names of the contract.

The manifest's names are used everywhere in a build; only who feeds the artifact needs the artifact's
own. An artifact without this file uses the manifest's names itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgebuild.step import Contract, DType


@dataclass(frozen=True, kw_only=True)
class Naming:
    """The artifact's own name for each of the contract's; a name that is not in it is the same in both."""

    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or output as the artifact's bytes tell it; None = they leave that open.

    `names` are all it goes by, the preferred one first.
    """

    names: tuple[str, ...]
    shape: tuple[int | None, ...] | None
    dtype: DType | None


def save(path: Path, naming: Naming) -> None:
    """Write what `load` reads."""
    document = {"inputs": dict(naming.inputs), "outputs": dict(naming.outputs)}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False))


def load(path: Path | None) -> Naming:
    """Read what `save` wrote; None = there is no such file."""
    if path is None:
        return Naming()
    document = json.loads(path.read_text())
    return Naming(inputs=document["inputs"], outputs=document["outputs"])


def own(contract: Contract, naming: Naming) -> Contract:
    """`contract` under the artifact's own names."""
    return Contract(
        inputs={naming.inputs.get(n, n): t for n, t in contract.inputs.items()},
        outputs={naming.outputs.get(n, n): t for n, t in contract.outputs.items()},
    )


def fed(feeds: Mapping[str, Any], naming: Naming) -> dict[str, Any]:
    """Inputs by the contract's names, by the artifact's own."""
    return {naming.inputs.get(name, name): array for name, array in feeds.items()}


def translated(
    execute: Callable[[dict[str, Any]], Mapping[str, Any]], naming: Naming
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """`execute`, which speaks the artifact's names, for one who speaks the contract's."""
    back = {theirs: ours for ours, theirs in naming.outputs.items()}

    def infer(feeds: dict[str, Any]) -> dict[str, Any]:
        found = execute(fed(feeds, naming))
        return {back.get(n, n): a for n, a in found.items()}

    return infer
