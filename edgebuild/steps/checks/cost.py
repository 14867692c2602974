"""What a frame costs on the target: operations, parameters, memory and traffic, in all and layer by layer.

MACs and parameters are counted exactly, from the ONNX that the backend compiles (evidence `host`); a MAC
count is half of what torch's FlopCounterMode says. Bytes and intensity are of a model of the chip (evidence
`estimated`): values are kept in the chip's types, each layer reads its inputs and weights from memory once
and writes its output once, and activations are computed in the same pass as the convolution before them. A
compiler that keeps values on the chip moves less, one that works in tiles reads some of them twice.

Traffic has four parts that add up to `traffic_bytes`: the model's input, weights, activations (what lies
between layers, written and read) and output.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgebuild.formats import costs, measurements
from edgebuild.formats.costs import Costs, Layer
from edgebuild.step import Call, Evidence, Measurement, Metric, StepKind
from edgebuild.steps import examples

_EXACT = ("macs", "params", "layers")
_FIGURES: dict[str, Callable[[Costs], float | None]] = {
    "macs": lambda c: c.macs,
    "params": lambda c: c.params,
    "layers": lambda c: len(c.layers),
    "weight_bytes": lambda c: c.weight_bytes,
    "peak_activation_bytes": lambda c: c.peak_activation_bytes,
    "traffic_bytes": lambda c: c.traffic_bytes,
    **{
        f"traffic_{part}_bytes": (lambda c, part=part: c.traffic[part])  # type: ignore[misc]
        for part in costs.PARTS
    },
    "intensity": lambda c: c.intensity,
}


def run(call: Call) -> None:
    """Read off the sums; say of which layers nothing is known."""
    found = costs.load(call.inputs["costs"])
    measurements.save(
        call.outputs["measurements"],
        [_measured(found, name, figure) for name, figure in _FIGURES.items()],
        {} if found.unknown else _details(found),
    )


def _measured(found: Costs, name: str, figure: Callable[[Costs], float | None]) -> Measurement:
    evidence: Evidence = "host" if name in _EXACT else "estimated"
    value = None if found.unknown else figure(found)
    detail = found.unknown
    if not found.unknown and name in ("macs", "intensity") and value is None:
        layers = ", ".join(f"`{layer.name}` ({layer.op})" for layer in found.uncounted[:5])
        detail = f"no count of operations is known for {layers}" if layers else "nothing is moved"
    return Measurement(metric=f"cost.{name}", value=value, evidence=evidence, detail=detail)


def _details(found: Costs) -> dict[str, Any]:
    """For the report: `layers`, `totals`, `roofline`, and what is missing for times."""
    return {
        "layers": [_row(layer) for layer in found.layers],
        "totals": {
            "macs": found.macs,
            "other_ops": sum(layer.other_ops for layer in found.layers),
            "params": found.params,
            "weight_bytes": found.weight_bytes,
            "peak_activation_bytes": found.peak_activation_bytes,
            "traffic": dict(found.traffic),
            "traffic_bytes": found.traffic_bytes,
            "intensity": found.intensity,
            "ms": found.ms,
        },
        "roofline": dict(found.roofline),
        "lacks": found.lacks,
    }


def _row(layer: Layer) -> dict[str, Any]:
    row = {k: v for k, v in asdict(layer).items() if not k.startswith("dense_")}
    return {**row, "traffic_bytes": layer.traffic_bytes, "intensity": layer.intensity}


def example(folder: Path) -> Call:
    """One convolution of 120 values."""
    layer = Layer(
        name="conv1", op="Conv", output="c1", nodes=("conv1",), macs=3240, other_ops=0, params=140,
        weight_bytes=280, input_bytes=144, output_bytes=240, precision="fp16",
    )  # fmt: skip
    made = Costs(
        layers=(layer,),
        params=140,
        weight_bytes=280,
        peak_activation_bytes=384,
        traffic={"input": 144, "weights": 280, "activations": 0, "output": 240},
    )
    costs.save(folder / "costs.json", made)
    return examples.call(folder, KIND, inputs={"costs": folder / "costs.json"})


KIND = StepKind(
    role="check",
    run=run,
    tools="python",
    consumes=("costs",),
    produces={"measurements": "measurements.json"},
    metrics={
        "macs": Metric(doc="multiply-accumulates of a frame", better="lower"),
        "params": Metric(doc="parameters, each once", better="lower"),
        "layers": Metric(doc="layers that compute or move values", better="lower"),
        "weight_bytes": Metric(doc="memory that the weights take", unit="bytes", better="lower"),
        "peak_activation_bytes": Metric(
            doc="the most that values between layers, inputs and outputs take at once",
            unit="bytes",
            better="lower",
        ),
        "traffic_bytes": Metric(doc="memory traffic of a frame", unit="bytes", better="lower"),
        "traffic_input_bytes": Metric(
            doc="traffic: read from the model's inputs", unit="bytes", better="lower"
        ),
        "traffic_weights_bytes": Metric(doc="traffic: weights read", unit="bytes", better="lower"),
        "traffic_activations_bytes": Metric(
            doc="traffic: values between layers, written and read", unit="bytes", better="lower"
        ),
        "traffic_output_bytes": Metric(
            doc="traffic: written to the model's outputs", unit="bytes", better="lower"
        ),
        "intensity": Metric(doc="operations, two a MAC, by bytes of traffic", unit="op/byte"),
    },
)
