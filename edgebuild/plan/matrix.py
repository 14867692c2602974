"""A model's matrix on a target multiplied out: a choice on every axis makes a variant."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgebuild.manifest.model import ModelTarget, Use
from edgebuild.step import Limit


@dataclass(frozen=True)
class Choice:
    """One combination of a matrix: a value on each axis."""

    label: str
    recipe: tuple[Use, ...]
    compile: Mapping[str, Any]
    accept: tuple[Limit, ...]


def choices(use: ModelTarget) -> Iterator[Choice]:
    """The matrix multiplied out; one empty choice if there is none."""
    for values in itertools.product(*(axis.values for axis in use.matrix)):
        label = ",".join(
            f"{axis.name}-{value.label}" for axis, value in zip(use.matrix, values, strict=True)
        )
        compile: dict[str, Any] = {}
        accept: tuple[Limit, ...] = ()
        for value in values:
            compile.update(value.compile)
            accept = merged(accept, value.accept)
        yield Choice(label, tuple(u for v in values for u in v.recipe), compile, accept)


def merged(base: Sequence[Limit], over: Sequence[Limit]) -> tuple[Limit, ...]:
    """Limits by metric, the later one wins."""
    table = {limit.metric: limit for limit in base}
    table |= {limit.metric: limit for limit in over}
    return tuple(table.values())
