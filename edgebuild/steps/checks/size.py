"""How many bytes the artifact has, all its files together."""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import measurements
from edgebuild.step import Call, Measurement, Metric, StepKind
from edgebuild.steps import examples

_ARTIFACTS = ("onnx", "xml", "bin", "blob", "dlc")


def run(call: Call) -> None:
    """Add up the files."""
    sizes = {port: path.stat().st_size for port, path in call.inputs.items()}
    measured = Measurement(
        metric="size.bytes",
        value=sum(sizes.values()) if sizes else None,
        evidence=call.facts["evidence"] or "host",
        detail="" if sizes else f"the backend makes none of {', '.join(_ARTIFACTS)}",
    )
    measurements.save(call.outputs["measurements"], [measured], {"bytes": sizes})


def example(folder: Path) -> Call:
    """Two files of an IR."""
    inputs = {"xml": folder / "model.xml", "bin": folder / "model.bin"}
    for path, size in zip(inputs.values(), (120, 4096), strict=True):
        path.write_bytes(bytes(size))
    return examples.call(folder, KIND, facts={"evidence": "host"}, inputs=inputs)


KIND = StepKind(
    role="check",
    run=run,
    tools="onnx",
    consumes=tuple(f"{port}?" for port in _ARTIFACTS),
    produces={"measurements": "measurements.json"},
    facts=("evidence",),
    metrics={"bytes": Metric(doc="size of the artifact, all its files", unit="B", better="lower")},
)
