"""A blob's inputs and outputs, as its own bytes say, held against the model it was made of.

The compiler can misread a model and still make a blob (a reduction over other axes, say); most
often a shape gives it away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from edgebuild.errors import EdgebuildError
from edgebuild.formats.blob import Blob, BlobTensor
from edgebuild.formats.onnx_header import OnnxHeader, OnnxValue
from edgebuild.step import Contract, DType, Tensor

Precision = Literal["U8", "FP16"]


class MyriadContractError(EdgebuildError):
    """Inputs or outputs that the blob cannot have, or has otherwise than the model."""


def precisions(contract: Contract, wanted: Precision) -> dict[str, Precision]:
    """The precision of each input.

    With U8 an input takes bytes if it is an image: rank 4 and a `color` declared. All others
    (angles, spectrograms, states of a recurrent network) have values that bytes cannot hold, and
    stay FP16. MyriadContractError if U8 is wanted and no input is an image, or if raw bytes are
    not what the network takes because a mean or scale is still to be applied.
    """
    if wanted == "FP16":
        return dict.fromkeys(contract.inputs, "FP16")
    images = {name for name, t in contract.inputs.items() if _is_image(t)}
    if not images:
        raise MyriadContractError(
            "input_precision U8, but no input is declared as an image",
            fields={name: _described(t) for name, t in contract.inputs.items()},
            hint="declare `color` (RGB, BGR or GRAY) of the input of rank 4 whose values are"
            " 0..255, or compile with `input_precision: FP16`",
        )
    for name in contract.inputs:
        tensor = contract.inputs[name]
        if name in images and (any(tensor.mean) or any(s != 1 for s in tensor.scale)):
            raise MyriadContractError(
                f"input_precision U8, but `{name}` still wants its mean and scale applied",
                fields={"mean": _list(tensor.mean), "scale": _list(tensor.scale)},
                hint=f"put `embed_preprocessing: {{inputs: [{name}]}}` into the recipe",
            )
    return {name: "U8" if name in images else "FP16" for name in contract.inputs}


def after(contract: Contract, wanted: Precision) -> Contract:
    """What the blob's contract will be: bytes or float16 in, float16 out."""
    chosen = precisions(contract, wanted)
    return Contract(
        inputs={n: replace(t, dtype=DTYPES[chosen[n]]) for n, t in contract.inputs.items()},
        outputs={n: replace(t, dtype="float16") for n, t in contract.outputs.items()},
    )


def read_back(blob: Blob, header: OnnxHeader, declared: Contract) -> Contract:
    """The blob's contract, from its bytes, in the model's order of inputs and outputs.

    Names, shapes and types come from the blob; layout, colours, mean, scale and unit, which no
    blob holds, from `declared`: the contract that `after` foretold. MyriadContractError if the
    blob differs from the model's own graph or from what was foretold.
    """
    problems = [
        *_compare("input", blob.inputs, header.inputs, declared.inputs),
        *_compare("output", blob.outputs, header.outputs, declared.outputs),
    ]
    if problems:
        raise MyriadContractError(
            "the Myriad X compiler made another network of this model",
            fields={f"({i})": problem for i, problem in enumerate(problems, 1)},
            hint=_RENAMED if any("not in the blob" in p for p in problems) else _MISREAD,
        )
    return Contract(
        inputs=_tensors(blob.inputs, header.inputs, declared.inputs),
        outputs=_tensors(blob.outputs, header.outputs, declared.outputs),
    )


_MISREAD = "`legalize` and `simplify` write a model in ops that it reads rightly"
_RENAMED = (
    "it renames what a node of several outputs (Split, TopK) makes, and what Dropout hands on:"
    " put an Identity between that and the model's output, `simplify` the model"
)
DTYPES: Mapping[str, DType] = {
    "U8": "uint8",
    "FP16": "float16",
    "FP32": "float32",
    "S32": "int32",
    "I8": "int8",
}


def _is_image(tensor: Tensor) -> bool:
    return len(tensor.shape) == 4 and tensor.color != "none"


def _described(tensor: Tensor) -> str:
    return f"rank {len(tensor.shape)}, color {tensor.color}"


def _compare(
    side: str,
    found: Sequence[BlobTensor],
    model: Sequence[OnnxValue],
    declared: Mapping[str, Tensor],
) -> list[str]:
    names = {tensor.name for tensor in found}
    problems = [
        f"{side} `{value.name}` is not in the blob" for value in model if value.name not in names
    ]
    values = {value.name: value for value in model}
    for tensor in found:
        name = tensor.name
        if name not in values or name not in declared:
            problems.append(f"the blob has an {side} `{name}` that the model has not")
            continue
        shape = values[name].shape
        if shape is not None and not _same(tensor.shape, shape):
            problems.append(
                f"{side} `{name}` is {_dims(tensor.shape)}, in the model {_dims(shape)}"
            )
        elif not _same(tensor.shape, declared[name].shape):
            problems.append(
                f"{side} `{name}` is {_dims(tensor.shape)}, declared {_dims(declared[name].shape)}"
            )
        if DTYPES[tensor.precision] != declared[name].dtype:
            problems.append(
                f"{side} `{name}` takes {DTYPES[tensor.precision]}, not {declared[name].dtype}"
            )
        if not tensor.dense:
            problems.append(
                f"{side} `{name}` does not lie in memory as its shape says: order {tensor.order},"
                f" strides {_dims(tensor.strides)} bytes"
            )
    return problems


def _same(found: tuple[int, ...], wanted: Sequence[int | None]) -> bool:
    """A blob has no scalars: it writes one as a single element."""
    if not wanted:
        return found == (1,)
    return len(found) == len(wanted) and all(
        b is None or a == b for a, b in zip(found, wanted, strict=True)
    )


def _tensors(
    found: Sequence[BlobTensor], model: Sequence[OnnxValue], declared: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    by_name = {tensor.name: tensor for tensor in found}
    return {
        value.name: replace(
            declared[value.name],
            # A scalar stays one: it is the same single element.
            shape=by_name[value.name].shape if declared[value.name].shape else (),
            dtype=DTYPES[by_name[value.name].precision],
        )
        for value in model
    }


def _dims(sizes: Sequence[int | None]) -> str:
    return "x".join("?" if size is None else str(size) for size in sizes) or "a scalar"


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
