"""What the backends of given artifacts share: their interface parameters, and the artifact held to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from edgebuild.errors import EdgebuildError, suggest
from edgebuild.formats import contract_file
from edgebuild.formats.naming import Naming, Port
from edgebuild.step import Contract, DType, Tensor, param

_HINT = "`compile:` says what differs from the manifest's inputs and outputs: `names`, `layouts`, `types`"
OF_A_SOURCE = "change `inputs` and `outputs` of the manifest, or the model"
_PERMUTATION = {("NCHW", "NHWC"): (0, 2, 3, 1), ("NHWC", "NCHW"): (0, 3, 1, 2)}
_T = TypeVar("_T")


class GivenError(EdgebuildError):
    """An artifact that is not what the manifest says of it."""


@dataclass(frozen=True, kw_only=True)
class Interface:
    """How the artifact's inputs and outputs differ from the manifest's; names, not order, bind them."""

    names: dict[str, str] | None = param(
        "the manifest's name of each input and output that the artifact calls otherwise,"
        " such as `{Identity: boxes}`",
        None,
    )
    layouts: dict[str, Literal["NCHW", "NHWC"]] | None = param(
        "layout in the artifact of inputs and outputs that have another there, by the manifest's names",
        None,
    )
    colors: dict[str, Literal["RGB", "BGR"]] | None = param(
        "channel order that the artifact takes, by the manifest's names of inputs", None
    )
    types: dict[str, DType] | None = param(
        "type in the artifact of inputs and outputs that have another there, by the manifest's names",
        None,
    )
    preprocessed: tuple[str, ...] = param(
        "inputs whose mean and scale the artifact itself applies to raw values", ()
    )


def promised(params: Interface, before: Contract) -> Contract:
    """The artifact's contract, in the manifest's names: `before` with its layouts and types."""
    known = {**before.inputs, **before.outputs}
    for what, names, there in (
        ("names", (params.names or {}).values(), known),
        ("layouts", params.layouts or {}, known),
        ("colors", params.colors or {}, before.inputs),
        ("types", params.types or {}, known),
        ("preprocessed", params.preprocessed, before.inputs),
    ):
        for name in names:
            if name not in there:
                near = suggest(name, there)
                word = "input or output" if there is known else "input"
                raise GivenError(
                    f"`{what}` speaks of `{name}`, which is no {word} of the manifest",
                    hint=f"did you mean `{near}`?" if near else f"it has {', '.join(there)}",
                )

    def side(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: _changed(name, tensor, params) for name, tensor in tensors.items()}

    return Contract(inputs=side(before.inputs), outputs=side(before.outputs))


def bind(
    what: str,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    params: Interface,
    wanted: Contract,
    hint: str = _HINT,
) -> tuple[Contract, Naming]:
    """The contract that the artifact's bytes tell, in the manifest's names, and its own names for them.

    What the bytes leave open is taken from `wanted`. GivenError, with every difference and `hint`, if the
    two do not go together; `what` is the artifact's file.
    """
    names = params.names or {}
    taken, problems = {}, []
    found = {}
    for word, ports, tensors in (
        ("input", inputs, wanted.inputs),
        ("output", outputs, wanted.outputs),
    ):
        bound, own, wrong = _side(word, ports, names, tensors)
        found[word], taken[word] = bound, own
        problems += wrong
    contract = Contract(inputs=found["input"], outputs=found["output"])
    problems += contract_file.differences(wanted, contract)
    if problems:
        raise GivenError(
            f"{what} is not what the manifest declares",
            fields={str(number): line for number, line in enumerate(problems, 1)},
            hint=hint,
        )
    return contract, Naming(inputs=taken["input"], outputs=taken["output"])


def _changed(name: str, tensor: Tensor, params: Interface) -> Tensor:
    layout = (params.layouts or {}).get(name, tensor.layout)
    shape = tensor.shape
    if layout != tensor.layout:
        order = _PERMUTATION.get((tensor.layout, layout))
        if order is None or len(shape) != len(order):
            raise GivenError(
                f"`{name}` is {tensor.layout} in the manifest, which cannot be {layout} in the artifact",
                hint="declare the `layout` of this input or output in the manifest, NCHW or NHWC",
            )
        shape = tuple(shape[axis] for axis in order)
    done = name in params.preprocessed
    return dataclasses.replace(
        tensor,
        layout=layout,
        shape=shape,
        color=(params.colors or {}).get(name, tensor.color),
        dtype=(params.types or {}).get(name, tensor.dtype),
        mean=() if done else tensor.mean,
        scale=() if done else tensor.scale,
    )


def _side(
    word: str, ports: Sequence[Port], names: Mapping[str, str], wanted: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, str], list[str]]:
    """Tensors by the manifest's names in the manifest's order, own names where they differ, problems."""
    bound: dict[str, Tensor] = {}
    own: dict[str, str] = {}
    problems = []
    for port in ports:
        mine = next((n for n in port.names if n in names), None)
        mine = mine or next((n for n in port.names if n in wanted), port.names[0])
        ours = names.get(mine, mine)
        if ours in bound:
            problems.append(
                f"two {word}s are called `{ours}`: `{own.get(ours, ours)}` and `{mine}`"
            )
            continue
        if ours != mine:
            own[ours] = mine
        promise = wanted.get(ours, Tensor(shape=()))
        bound[ours] = dataclasses.replace(
            promise, shape=_shape(port, promise), dtype=_or(port.dtype, promise.dtype)
        )
    order = [*(n for n in wanted if n in bound), *(n for n in bound if n not in wanted)]
    return {name: bound[name] for name in order}, own, problems


def _shape(port: Port, promise: Tensor) -> tuple[int, ...]:
    if port.shape is None:
        return promise.shape
    if len(port.shape) != len(promise.shape):
        return tuple(_or(size, -1) for size in port.shape)
    return tuple(_or(a, b) for a, b in zip(port.shape, promise.shape, strict=True))


def _or(value: _T | None, otherwise: _T) -> _T:
    return otherwise if value is None else value
