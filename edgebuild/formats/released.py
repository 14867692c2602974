"""The contracts of a model as they were released: `released.json` in the model's folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgebuild.errors import EdgebuildError
from edgebuild.formats import semver
from edgebuild.step import Contract

NAME = "released.json"
SCHEMA = "edgebuild-released/1"


class ReleasedError(EdgebuildError):
    """A file that is no record of a release."""


@dataclass(frozen=True, kw_only=True)
class Released:
    """Contracts as JSON: the model's own, and each released artifact's by `target/label`, with its
    quantisation where it has one."""

    model: str
    version: str
    contract: Mapping[str, Any]
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def contract_of(self, variant: str) -> Mapping[str, Any] | None:
        """The contract of an artifact; None if it was not released."""
        return self.variants.get(variant)


def with_quantization(promised: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """The contract a variant promises, with the quantisation that its artifact says."""
    made: dict[str, Any] = {}
    for side in ("inputs", "outputs"):
        told = {row["name"]: row.get("quantization") for row in found.get(side, ())}
        made[side] = [
            {**row, **({"quantization": q} if (q := told.get(row["name"])) else {})}
            for row in promised[side]
        ]
    return made


def to_bytes(released: Released) -> bytes:
    """What `load` reads; the same record gives the same bytes."""
    document = {
        "schema": SCHEMA,
        "model": released.model,
        "version": released.version,
        "contract": released.contract,
        "variants": {name: released.variants[name] for name in sorted(released.variants)},
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def load(path: Path) -> Released:
    """ReleasedError for anything else than what `to_bytes` writes."""
    try:
        found = json.loads(path.read_bytes())
        if found["schema"] != SCHEMA:
            raise ValueError("another schema")
        semver.parse(found["version"])
        for contract in (found["contract"], *found["variants"].values()):
            Contract.from_json(contract)
        return Released(
            model=str(found["model"]),
            version=found["version"],
            contract=found["contract"],
            variants=found["variants"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReleasedError(
            f"{path.name} is no record of a release",
            fields={"reason": f"{type(error).__name__}: {error}"},
            hint="take it from version control again; only `doit freeze` writes it",
        ) from error
