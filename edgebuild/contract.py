"""A model's contract with its users: what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

DType = Literal["float32", "float16", "uint8", "int8", "int32", "int64", "bool"]
Layout = Literal["NCHW", "NHWC", "NC", "NCL", "other"]
Color = Literal["RGB", "BGR", "GRAY", "none"]


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """One input or output as its user sees it.

    `shape` is the whole shape, batch included, always static. `mean` and `scale` (one value
    a channel, or one for all) say what the network still expects to be done to raw
    values before they are fed: `(raw - mean) / scale`; empty = nothing. `color` is the channel
    order the network expects.
    """

    shape: tuple[int, ...]
    dtype: DType = "float32"
    layout: Layout = "other"
    color: Color = "none"
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """Inputs and outputs by name, in order. A pass or backend may change it (see `StepKind.contract`)."""

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]

    def to_json(self) -> dict[str, Any]:
        """Lists, not objects: the order of inputs and outputs is part of the contract."""

        def side(tensors: Mapping[str, Tensor]) -> list[dict[str, Any]]:
            return [
                {
                    "name": name,
                    "shape": list(t.shape),
                    "dtype": t.dtype,
                    "layout": t.layout,
                    "color": t.color,
                    "mean": list(t.mean),
                    "scale": list(t.scale),
                    "unit": t.unit,
                }
                for name, t in tensors.items()
            ]

        return {"inputs": side(self.inputs), "outputs": side(self.outputs)}

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> Contract:
        def side(rows: Any) -> dict[str, Tensor]:
            return {
                row["name"]: Tensor(
                    shape=tuple(row["shape"]),
                    dtype=row["dtype"],
                    layout=row["layout"],
                    color=row["color"],
                    mean=tuple(row["mean"]),
                    scale=tuple(row["scale"]),
                    unit=row["unit"],
                )
                for row in rows
            }

        return Contract(inputs=side(value["inputs"]), outputs=side(value["outputs"]))
