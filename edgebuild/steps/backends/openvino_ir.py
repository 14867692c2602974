"""OpenVINO IR: model.xml and model.bin for OpenVINO's CPU, GPU and NPU plugins.

The .xml is brought into a canonical form: no source file, version or parameters of the conversion
in it, no automatic names. OpenVINO reads it back, and both files are checked against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgebuild.errors import EdgebuildError
from edgebuild.formats import contract_file, ir, ir_canonical, onnx_header, placement
from edgebuild.step import Call, Contract, StepKind, param
from edgebuild.steps import examples


class OpenvinoError(EdgebuildError):
    """A model that OpenVINO cannot take."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """How the weights are stored."""

    compress_to_fp16: bool = param("store float32 weights as float16, half the size", False)


def run(call: Call) -> None:
    """Convert, make canonical, read back, describe."""
    import openvino as ov

    # Without this pass, which OpenVINO's own converter runs too, shapes are computed at run time.
    from openvino._offline_transformations import apply_moc_transformations

    nodes = onnx_header.read_file(call.inputs["model"]).nodes
    made = call.folder / "made.xml"
    try:
        network = ov.Core().read_model(str(call.inputs["model"]))
        apply_moc_transformations(network, cf=True)
        ov.save_model(network, str(made), compress_to_fp16=call.params.compress_to_fp16)
    except RuntimeError as error:
        raise OpenvinoError(
            "OpenVINO cannot convert this model",
            fields={"reason": " ".join(str(error).split())},
            hint="see which op it names, and whether a newer opset or `simplify` helps",
        ) from error
    made_by = {output: node.name for node in nodes for output in node.outputs}
    made_by |= {node.name: node.name for node in nodes}
    known = made_by.keys() | {name for node in nodes for name in node.inputs}
    xml, bin = call.outputs["xml"], call.outputs["bin"]
    xml.write_bytes(ir_canonical.canonical(made.read_bytes(), known - {""}))
    bin.write_bytes(made.with_suffix(".bin").read_bytes())
    found = ir.load(xml, bin)
    ov.Core().read_model(str(xml), str(bin))
    expected = Contract.from_json(call.facts["contract"])
    contract_file.save(call.outputs["contract"], ir.contract(found, expected))
    placement.save(
        call.outputs["placement"],
        [
            placement.Stage(
                name=layer.name,
                op=layer.type,
                engine="CPU",
                layer=made_by.get(ir_canonical.stem(layer.name), ""),
            )
            for layer in found.layers
            if layer.type not in ("Const", "Parameter", "Result")
        ],
    )


def example(folder: Path) -> Call:
    """The tiny model with float16 weights."""
    return examples.call(folder, KIND, params=Params(compress_to_fp16=True))


KIND = StepKind(
    role="backend",
    run=run,
    tools="openvino",
    consumes=("model",),
    produces={
        "xml": "model.xml",
        "bin": "model.bin",
        "contract": "contract.json",
        "placement": "placement.json",
    },
    params=Params,
    facts=("contract",),
    platform=("isa",),  # constants are folded with the CPU's arithmetic
    runtime="openvino",
    probes={"layers": ("layers_openvino",), "timings": ("timings_openvino",)},
)
