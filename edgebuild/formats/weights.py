"""Weights of a torch module as a safetensors file; never as a pickle, which can run code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgebuild.errors import EdgebuildError

if TYPE_CHECKING:
    import torch

_PICKLES = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


class WeightsError(EdgebuildError):
    """A file that has no usable weights."""


def load(path: Path) -> dict[str, torch.Tensor]:
    """Its tensors by name, every one finite. WeightsError otherwise."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    with path.open("rb") as file:
        head = file.read(2)
    if head in _PICKLES:
        raise WeightsError(
            f"{path.name} is a pickle, which can run code when it is read",
            hint="convert it where you trust it: safetensors.torch.save_file("
            'torch.load(..., weights_only=True), "weights.safetensors")',
        )
    try:
        tensors: dict[str, torch.Tensor] = load_file(path)
    except SafetensorError as error:
        raise WeightsError(
            f"{path.name} is not a safetensors file: {error}",
            hint="obtain it again, or write it with safetensors.torch.save_file",
        ) from error
    if not tensors:
        raise WeightsError(f"{path.name} has no tensors in it")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise WeightsError(
                f"{path.name}: `{name}` has values that are not finite",
                hint="the training diverged: lower the learning rate",
            )
    return tensors
