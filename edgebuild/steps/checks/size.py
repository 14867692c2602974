"""How many bytes the artifact has, all its files together."""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import measurements
from edgebuild.step import Call, Measurement, Metric, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Add up the files."""
    sizes = {
        port.removeprefix("artifact."): path.stat().st_size for port, path in call.inputs.items()
    }
    measured = Measurement(metric="size.bytes", value=sum(sizes.values()), evidence="host")
    measurements.save(call.outputs["measurements"], [measured], {"bytes": sizes})


def example(folder: Path) -> Call:
    """Two files of an IR."""
    inputs = {"artifact.xml": folder / "model.xml", "artifact.bin": folder / "model.bin"}
    for path, size in zip(inputs.values(), (120, 4096), strict=True):
        path.write_bytes(bytes(size))
    return examples.call(folder, KIND, inputs=inputs)


KIND = StepKind(
    role="check",
    run=run,
    tools="python",
    consumes=("artifact.*",),
    produces={"measurements": "measurements.json"},
    metrics={
        "bytes": Metric(doc="size of the artifact, all its files", unit="bytes", better="lower")
    },
)
