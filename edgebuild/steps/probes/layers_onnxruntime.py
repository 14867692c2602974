"""Layers of an ONNX artifact against the source's, by a copy of it that gives its inner values out.

Both run in ONNX Runtime on this machine, the artifact optimised as on a device; an op whose result is
given out is not fused with the next one. Of an artifact that somebody else made, values are those of the
source that have the same name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgebuild.formats import layers, naming, onnx_run, onnx_values
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_SAMPLES = 4


def run(call: Call) -> None:
    """Give every value out that the source has too, compare."""
    data = call.inputs["onnx"].read_bytes()
    names = naming.load(call.inputs.get("names"))
    pairs = onnx_values.counterparts(
        onnx_values.read(call.inputs["source_model"].read_bytes()),
        onnx_values.read(data),
        names.outputs,
    )
    copy = onnx_values.exposed(data, [pair.name for pair in pairs.values()])
    session = onnx_run.session(copy, optimise=True, threads=call.threads)
    names = naming.load(call.inputs.get("names"))

    def execute(feeds: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        found = onnx_run.run(session, naming.fed(feeds, names))
        return {name: found[pair.name] for name, pair in pairs.items()}

    by_name = layers.BY_NAME if "names" in call.inputs else ""
    artifact = layers.Artifact(
        execute=execute,
        contract=Contract.from_json(call.facts["contract"]),
        arithmetic=onnx_values.arithmetic(data),
        note=lambda: f"a copy of the artifact that gives its inner values out{by_name}",
    )
    layers.compare(call, artifact, most=MOST_SAMPLES)


def example(folder: Path) -> Call:
    """The tiny model against itself, on the worst of three images that it answered with noise."""
    return examples.call(folder, KIND)


KIND = StepKind(
    role="probe",
    run=run,
    tools="onnx",
    consumes=("onnx", "names?", *layers.CONSUMES),
    produces={"layers": "layers.json"},
    facts=("contract", "source_contract"),
    platform=("isa",),
)
