"""Floats as the integers that a DLC stores, and back, by the DLC's own scales."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.formats import dlc
from edgebuild.qnn import QnnError
from edgebuild.qnn.emulator import STORED
from edgebuild.step import Contract, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray


def as_floats(contract: Contract, graph: dlc.Graph) -> Contract:
    """The contract with floats where the DLC stores quantised integers: the form we speak here."""

    def side(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        out = {}
        for name, tensor in tensors.items():
            if name not in graph.tensors:
                raise QnnError(f"the DLC has no tensor `{name}`, which the contract names")
            quantised = graph.tensors[name].quantization is not None
            out[name] = dataclasses.replace(tensor, dtype="float32") if quantised else tensor
        return out

    return Contract(inputs=side(contract.inputs), outputs=side(contract.outputs))


def store(array: NDArray[Any], tensor: dlc.Tensor) -> NDArray[Any]:
    """Floats as the integers the DLC stores, rounded half to even and clipped."""
    import numpy as np

    if tensor.quantization is None:
        return array
    scale, offset = _per_tensor(tensor)
    kind = np.dtype(STORED[tensor.dtype])
    bounds = np.iinfo(kind)
    steps = np.rint(array.astype(np.float64) / scale) - offset
    return np.clip(steps, bounds.min, bounds.max).astype(kind)


def restore(array: NDArray[Any], tensor: dlc.Tensor) -> NDArray[Any]:
    """The floats that stored integers stand for."""
    import numpy as np

    if tensor.quantization is None:
        return array
    scale, offset = _per_tensor(tensor)
    return ((array.astype(np.float64) + offset) * scale).astype(np.float32)


def _per_tensor(tensor: dlc.Tensor) -> tuple[float, int]:
    quantization = tensor.quantization
    if quantization is None or len(quantization.scales) != 1:
        raise QnnError(f"`{tensor.name}` of the DLC has a scale for each channel")
    return quantization.scales[0], quantization.offsets[0]
