"""What a frame costs, layer by layer and in all, as JSON.

A layer is a node of the model with what a compiler computes in the same pass (`edgebuild.formats.onnx_cost`
counts them). Bytes are those of the types in which the chip keeps the values.

Traffic is what one frame moves if each layer reads its inputs and weights from memory once and writes its
output once: `input` is read from the model's inputs, `weights` are the constants, `activations` what lies
between two layers, written and read, and `output` what is written to the model's outputs. Peak activation
bytes are the most that inputs, outputs and what lies between take together while a layer runs, in the order of
the graph; no layer works in place.

Times are of a roofline (Williams, Waterman and Patterson 2009, "Roofline: an insightful visual performance
model", CACM 52:4): a layer takes as long as its operations at the peak rate or its bytes at the
bandwidth, whichever is longer; a multiply-accumulate is two operations.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PARTS = ("input", "weights", "activations", "output")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """`nodes` are all nodes of the ONNX that are in it, the one that it is named for first.

    `macs` is None where no count is known. `other_ops` are operations that are no multiply-accumulates
    (`edgebuild.formats.onnx_macs`). `weight_bytes` is what it reads of constants. `dense_macs` and
    `dense_bytes` are of a transposed convolution: what it computes and reads if it is done as a
    convolution over an input with zeros put in. `precision` is the type it computes in: int8, fp16, ...

    `engine` is where it runs, if that is known; `ms` None = its time cannot be estimated; `bound` says
    what takes that long: "compute", "memory", or "" where the compiler left nothing of it to run.
    """

    name: str
    op: str
    output: str
    nodes: tuple[str, ...]
    macs: int | None
    other_ops: int
    params: int
    weight_bytes: int
    input_bytes: int
    output_bytes: int
    precision: str
    dense_macs: int = 0
    dense_bytes: int = 0
    engine: str = ""
    ms: float | None = None
    bound: str = ""

    @property
    def traffic_bytes(self) -> int:
        """What it reads and writes."""
        return self.input_bytes + self.weight_bytes + self.output_bytes

    @property
    def intensity(self) -> float | None:
        """Operations by bytes moved; None where either is not known."""
        if self.macs is None or not self.traffic_bytes:
            return None
        return 2 * self.macs / self.traffic_bytes


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Of a whole model. Weights that several layers share count once in `params` and `weight_bytes`.

    `unknown` says why nothing was counted, else it is empty. `roofline` is what the times were made with:
    precision, peak_gops, bandwidth_gb_s, source; `lacks` is what is missing for a time, or empty.
    """

    layers: tuple[Layer, ...] = ()
    params: int = 0
    weight_bytes: int = 0
    peak_activation_bytes: int = 0
    traffic: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))
    roofline: Mapping[str, Any] = field(default_factory=dict)
    lacks: str = ""
    unknown: str = ""

    @property
    def uncounted(self) -> tuple[Layer, ...]:
        """Layers of which no count of operations is known."""
        return tuple(layer for layer in self.layers if layer.macs is None)

    @property
    def macs(self) -> int | None:
        """Of all layers; None if that of one is not known."""
        if self.unknown or self.uncounted:
            return None
        return sum(layer.macs or 0 for layer in self.layers)

    @property
    def traffic_bytes(self) -> int:
        """All four parts."""
        return sum(self.traffic.values())

    @property
    def intensity(self) -> float | None:
        """Operations by bytes moved, of the whole frame."""
        if self.macs is None or not self.traffic_bytes:
            return None
        return 2 * self.macs / self.traffic_bytes

    @property
    def ms(self) -> float | None:
        """The layers one after the other; None if the time of one is not known."""
        times = [layer.ms for layer in self.layers if layer.ms is not None]
        return sum(times) if times and len(times) == len(self.layers) else None

    def by_engine(self, figure: str) -> dict[str, float]:
        """Sums of a layer's `macs` or `ms` by engine, the largest first; "" = it is not known where."""
        sums: Counter[str] = Counter()
        for layer in self.layers:
            sums[layer.engine] += getattr(layer, figure) or 0
        return {engine: value for engine, value in sums.most_common() if value}


def unknown(reason: str) -> Costs:
    """Nothing could be counted, for `reason`."""
    return Costs(unknown=reason, lacks=reason)


def save(path: Path, costs: Costs) -> None:
    """Write what `load` reads."""
    path.write_text(json.dumps(asdict(costs), indent=1, ensure_ascii=False, allow_nan=False))


def load(path: Path) -> Costs:
    """Read what `save` wrote."""
    document = json.loads(path.read_text())
    rows = document.pop("layers")
    layers = tuple(Layer(**{**row, "nodes": tuple(row["nodes"])}) for row in rows)
    return Costs(layers=layers, **document)
