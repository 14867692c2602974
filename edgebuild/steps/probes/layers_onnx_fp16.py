"""Layers of what a chip that has float16 only runs, against the source's, simulated on this machine.

Simulated is what the backend compiled, with every value rounded to float16 between two ops, as by the runtime
`onnx_fp16`: this is evidence from the host, not from the device.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgebuild.formats import (
    layers,
    onnx_canonical,
    onnx_file,
    onnx_rounding,
    onnx_run,
    onnx_values,
)
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

MOST_SAMPLES = 4


def run(call: Call) -> None:
    """Simulate with every value that the source has too given out, compare."""
    model = onnx_file.load(call.inputs["model"])
    pairs = onnx_values.counterparts(
        onnx_values.read(call.inputs["source_model"].read_bytes()),
        onnx_values.read(call.inputs["model"].read_bytes()),
    )
    names = {pair.name for pair in pairs.values()}
    simulated, _, _ = onnx_rounding.rounded(model)
    _keep(simulated.graph, names | {value.name for value in model.graph.output})
    session = onnx_run.session(
        onnx_values.exposed(onnx_file.to_bytes(simulated), sorted(names)), threads=call.threads
    )
    types = {i.name: onnx_run.dtype(i) for i in session.get_inputs()}

    def execute(feeds: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        # Where the artifact takes other types, it is the chip that converts.
        found = onnx_run.run(session, {n: a.astype(types[n]) for n, a in feeds.items()})
        return {name: found[pair.name] for name, pair in pairs.items()}

    artifact = layers.Artifact(
        execute=execute,
        contract=Contract.from_json(call.facts["contract"]),
        arithmetic="float16",
        note=lambda: (
            "the model that was compiled, simulated in float16; not the artifact's own file"
        ),
    )
    layers.compare(call, artifact, most=MOST_SAMPLES)


def _keep(graph: onnx.GraphProto, names: set[str]) -> None:
    """Only the nodes that these values need, and of the outputs only these: no measuring of ranges."""
    needed, kept = set(names), []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= {*node.input, *onnx_canonical.captured(node)}
            kept.append(node)
    onnx_canonical.replace(graph.node, kept[::-1])
    onnx_canonical.replace(graph.output, [v for v in graph.output if v.name in names])


def example(folder: Path) -> Call:
    """The tiny model."""
    return examples.call(folder, KIND)


KIND = StepKind(
    role="probe",
    run=run,
    tools="onnx",
    consumes=("model", *layers.CONSUMES),
    produces={"layers": "layers.json"},
    facts=("contract", "source_contract"),
    platform=("isa",),
)
