"""What a DLC's own tables say of its inputs and outputs, as a contract with quantisation."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from edgebuild.formats import dlc
from edgebuild.qnn import QnnError
from edgebuild.step import Contract, DType, Tensor

_DTYPES: Mapping[str, DType] = {
    "float32": "float32",
    "float16": "float16",
    "int32": "int32",
    "int64": "int64",
    "int8": "int8",
    "uint8": "uint8",
    "bool8": "bool",
    "ufxp8": "uint8",
    "sfxp8": "int8",
}


def after(contract: Contract, io: Literal["float", "quantized"]) -> Contract:
    """What the DLC's contract will be: `quantized` makes 8-bit integers of floats at its edges."""
    if io == "float":
        return contract

    def side(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {
            name: dataclasses.replace(t, dtype="uint8") if t.dtype == "float32" else t
            for name, t in tensors.items()
        }

    return Contract(inputs=side(contract.inputs), outputs=side(contract.outputs))


def contract_of(graph: dlc.Graph) -> Contract:
    """Names, shapes and types; layout, colours, mean and scale stand in no DLC and stay open."""
    return Contract(inputs=_side(graph.inputs), outputs=_side(graph.outputs))


def to_json(graph: dlc.Graph, declared: Contract) -> dict[str, Any]:
    """The contract as JSON: what the DLC says, and of `declared` what no DLC can say.

    A quantised row has `quantization` too: `real = (stored + offset) * scale`.
    """
    found = contract_of(graph)
    document = Contract(
        inputs=_annotated(found.inputs, declared.inputs),
        outputs=_annotated(found.outputs, declared.outputs),
    ).to_json()
    tensors = {t.name: t for t in (*graph.inputs, *graph.outputs)}
    for row in (*document["inputs"], *document["outputs"]):
        quantization = tensors[row["name"]].quantization
        if quantization is not None:
            row["quantization"] = {
                "bits": quantization.bits,
                "scale": quantization.scales[0],
                "offset": quantization.offsets[0],
            }
    return document


def _annotated(found: Mapping[str, Tensor], declared: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: dataclasses.replace(declared[name], shape=tensor.shape, dtype=tensor.dtype)
        if name in declared
        else tensor
        for name, tensor in found.items()
    }


def _side(tensors: Iterable[dlc.Tensor]) -> dict[str, Tensor]:
    side = {}
    for tensor in tensors:
        dtype = _DTYPES.get(tensor.dtype)
        if dtype is None:
            raise QnnError(
                f"`{tensor.name}` of the DLC is of type {tensor.dtype}, which nobody feeds"
            )
        if tensor.quantization is not None and len(tensor.quantization.scales) != 1:
            raise QnnError(f"`{tensor.name}` of the DLC has a scale for each channel")
        side[tensor.name] = Tensor(shape=tensor.shape, dtype=dtype)
    return side
