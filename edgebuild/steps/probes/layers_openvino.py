"""Layers of an OpenVINO IR against the source's, by the IR with its inner values as further outputs.

OpenVINO computes in float32 on this machine's CPU, the source runs in ONNX Runtime. An IR keeps the names of
the ONNX that it was made of; where several of them are one tensor there, the last is compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgebuild.formats import layers, naming, onnx_values
from edgebuild.formats.onnx_values import Counterpart
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples

if TYPE_CHECKING:
    import openvino as ov
    from numpy.typing import NDArray

MOST_SAMPLES = 4


def run(call: Call) -> None:
    """Find the source's values in the IR, give them out, compare."""
    import openvino as ov

    # What somebody else made has no model of ours behind it.
    data = call.inputs.get("model", call.inputs["source_model"]).read_bytes()
    names = naming.load(call.inputs.get("names"))
    pairs = onnx_values.counterparts(
        onnx_values.read(call.inputs["source_model"].read_bytes()), onnx_values.read(data)
    )
    pairs |= {name: Counterpart(name=own) for name, own in names.outputs.items()}
    core = ov.Core()
    network = core.read_model(str(call.inputs["xml"]), str(call.inputs["bin"]))
    outputs = _give_out(network, pairs)
    compiled = core.compile_model(
        network,
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": call.threads,
            "NUM_STREAMS": 1,
        },
    )

    def execute(feeds: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        found = compiled({names.inputs.get(n, n): a for n, a in feeds.items()})
        return {name: found[i] for name, i in outputs.items()}

    halves = any(
        op.get_type_name() == "Constant" and op.get_element_type() == ov.Type.f16
        for op in network.get_ops()
    )
    by_name = layers.BY_NAME if "names" in call.inputs else ""
    artifact = layers.Artifact(
        execute=execute,
        contract=Contract.from_json(call.facts["contract"]),
        arithmetic="float16" if halves else onnx_values.arithmetic(data),
        note=lambda: f"the artifact with its inner values as further outputs{by_name}",
    )
    layers.compare(call, artifact, most=MOST_SAMPLES)


def _give_out(network: ov.Model, pairs: Mapping[str, Counterpart]) -> dict[str, int]:
    """Adds outputs to the network; the place among its outputs of each of the source's values in it."""
    tensors = {  # by each of its names, the tensor by its first
        name: min(port.get_names())
        for op in network.get_ops()
        for port in op.outputs()
        for name in port.get_names()
    }
    last: dict[str, str] = {}
    for name, pair in pairs.items():
        tensor = tensors.get(pair.name, tensors.get(name))
        if tensor is not None:
            last[tensor] = name
    network.add_outputs(sorted(last))
    ports = [min(port.get_names(), default="") for port in network.outputs]
    return {last[tensor]: i for i, tensor in enumerate(ports) if tensor in last}


def example(folder: Path) -> Call:
    """The tiny model with float16 weights."""
    import openvino as ov

    network = ov.Core().read_model(str(examples.write_model(folder / "model.onnx")))
    ov.save_model(network, str(folder / "model.xml"), compress_to_fp16=True)
    inputs = {"xml": folder / "model.xml", "bin": folder / "model.bin"}
    return examples.call(folder, KIND, inputs=inputs)


KIND = StepKind(
    role="probe",
    run=run,
    tools="openvino",
    consumes=("xml", "bin", "model?", "names?", *layers.CONSUMES),
    produces={"layers": "layers.json"},
    facts=("contract", "source_contract"),
    platform=("isa",),
)
