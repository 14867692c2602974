"""`inputs:` and `outputs:` of a manifest -> the contract of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgebuild.manifest.document import Document, ManifestError, Path
from edgebuild.step import Contract, Tensor

# Layout -> the axis of the channels; its length is the number of dimensions.
_CHANNEL_AXIS = {"NCHW": 1, "NHWC": 3, "NC": 1, "NCL": 1}


def read_contract(
    document: Document, value: Mapping[str, Any], problems: list[ManifestError]
) -> Contract:
    """Inputs and outputs in the order they are written in; what is wrong goes to `problems`."""
    sides: dict[str, dict[str, Tensor]] = {"inputs": {}, "outputs": {}}
    for side, tensors in sides.items():
        for name, tensor in value.get(side, {}).items():
            tensors[name] = _tensor(tensor or {})
            problems += _problems(document, tensors[name], tensor or {}, (side, name))
    for name in sides["inputs"].keys() & sides["outputs"].keys():
        problems.append(
            ManifestError(
                f"`{name}` is both an input and an output",
                position=document.key(("outputs", name)),
                hint="give one of them another name",
            )
        )
    return Contract(inputs=sides["inputs"], outputs=sides["outputs"])


def _tensor(value: Mapping[str, Any]) -> Tensor:
    return Tensor(
        shape=tuple(value.get("shape", ())),
        dtype=value.get("dtype", "float32"),
        layout=value.get("layout", "other"),
        color=value.get("color", "none"),
        mean=tuple(float(x or 0) for x in value.get("mean", ())),
        scale=tuple(float(x or 0) for x in value.get("scale", ())),
        unit=value.get("unit", ""),
    )


def _problems(
    document: Document, tensor: Tensor, value: Mapping[str, Any], path: Path
) -> list[ManifestError]:
    found: list[ManifestError] = []
    where = ".".join(str(part) for part in path)
    axis = _CHANNEL_AXIS.get(tensor.layout)
    rank = len(tensor.shape)
    fits = axis is not None and rank == len(tensor.layout)
    if axis is not None and not fits and "shape" in value:
        found.append(
            ManifestError(
                f"layout {tensor.layout} has {len(tensor.layout)} dimensions, "
                f"the shape of `{where}` {rank}",
                position=document.at((*path, "layout")),
                hint="`layout: other` fits any shape",
            )
        )
    channels = tensor.shape[axis] if axis is not None and fits else None
    for name, numbers in (("mean", tensor.mean), ("scale", tensor.scale)):
        if len(numbers) > 1 and (fits or axis is None) and len(numbers) != channels:
            wanted = f"1 or {channels}" if channels else "1, as its layout names no channels"
            found.append(
                ManifestError(
                    f"`{where}.{name}` has {len(numbers)} values and needs {wanted}",
                    position=document.key((*path, name)),
                    hint=f"layout {tensor.layout} says that axis {axis} of {list(tensor.shape)} has the"
                    f" channels, {channels} of them"
                    if channels
                    else None,
                )
            )
    if 0 in value.get("scale", ()):
        i = value["scale"].index(0)
        found.append(
            ManifestError(
                f"`{where}.scale` divides by 0", position=document.at((*path, "scale", i))
            )
        )
    return found
