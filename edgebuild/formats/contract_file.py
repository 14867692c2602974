"""A contract as a JSON file, and what differs between two of them, word by word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from edgebuild.errors import EdgebuildError
from edgebuild.step import Contract, Tensor


class ContractError(EdgebuildError):
    """A model whose inputs and outputs are not what its manifest declares."""


def save(path: Path, contract: Contract) -> None:
    """Write what `load` reads."""
    path.write_text(json.dumps(contract.to_json(), indent=1, ensure_ascii=False))


def load(path: Path) -> Contract:
    """Read what `save` wrote."""
    return Contract.from_json(json.loads(path.read_text()))


def differences(expected: Contract, found: Contract) -> list[str]:
    """One sentence for each difference in names, order, shapes and types; none = they agree.

    Layout, colours, mean and scale are not compared: no artifact's bytes tell them.
    """
    return [
        *_side("input", expected.inputs, found.inputs),
        *_side("output", expected.outputs, found.outputs),
    ]


def _side(word: str, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> list[str]:
    lines = [f"{word} `{name}` is missing" for name in expected if name not in found]
    lines += [f"{word} `{name}` is not declared" for name in found if name not in expected]
    both = [name for name in expected if name in found]
    if both != [name for name in found if name in expected]:
        lines.append(
            f"{word}s are in another order: declared {_list(expected)}, found {_list(found)}"
        )
    for name in both:
        want, has = expected[name], found[name]
        if want.shape != has.shape:
            lines.append(
                f"{word} `{name}` has shape {list(has.shape)}, declared {list(want.shape)}"
            )
        if want.dtype != has.dtype:
            lines.append(f"{word} `{name}` has type {has.dtype}, declared {want.dtype}")
    return lines


def _list(names: Mapping[str, Tensor]) -> str:
    return ", ".join(f"`{name}`" for name in names)
