"""Compiles to a Qualcomm DLC for the HTP of one chip, offline.

The target's `device` gives the chip by QNN's number, `soc_model`: 21 = SM8250, 93 = QCS6490,
43 = SM8550, 57 = SM8650, 69 = SM8750. Every op has to run on the HTP: nothing falls back to the
CPU. Chips whose HTP has no floating point (SM8250 and QCS6490 among them) need a model that
`quantize_int8` with `target: qnn` has been through.

With `io: float` the DLC takes and gives what the ONNX does. With `io: quantized` the float inputs
and outputs are 8-bit integers, and whoever feeds it applies the `quantization` that contract.json
gives: `real = (stored + offset) * scale`.

The DLC has the same bytes wherever and whenever it is made by the same versions. It was
checked with QNN's emulator at most, not on a device.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edgebuild.formats import contract_file, dlc, onnx_contract, onnx_file, placement
from edgebuild.qnn import QnnError, contract, coverage, edges, explain, nearest
from edgebuild.qnn.compile import Compiled, RefusedError, compile_dlc
from edgebuild.qnn.refusals import original_name
from edgebuild.qnn.socs import Soc, soc_of
from edgebuild.step import Call, Contract, StepKind, param
from edgebuild.steps import examples

if TYPE_CHECKING:
    import onnx

VENDOR_DOMAINS = frozenset({"com.microsoft"})  # Q/DQ of 16 bits below opset 21
_SHOWN_NODES = 8


@dataclass(frozen=True, kw_only=True)
class Params:
    """Parameters of this backend."""

    io: Literal["float", "quantized"] = param(
        "Whether the DLC's float inputs and outputs stay floats or become 8-bit integers.", "float"
    )


def run(call: Call) -> None:
    """Compile, read back what was written, compare it with the model, publish."""
    soc = soc_of(call.facts["device"])
    model = onnx_file.load(call.inputs["model"], vendor_domains=VENDOR_DOMAINS)
    if not soc.has_floats and not coverage.is_quantised(model):
        raise QnnError(
            f"the HTP of {soc.name} has no floating point and the model is not quantised",
            fields={"chip": str(soc)},
            hint="add the pass `quantize_int8: {target: qnn}` to the recipe",
        )
    _check_resizes(model)
    if call.params.io == "quantized":
        model = edges.quantised_edges(model)
    compiled = _compile(model, soc, call.folder)
    data = dlc.normalise(compiled.dlc)
    graphs = dlc.read(data).graphs
    if len(graphs) != 1:
        raise QnnError(f"the DLC has {len(graphs)} graphs, not one")
    differences = contract_file.differences(
        onnx_contract.of_model(model), contract.contract_of(graphs[0])
    )
    if differences:
        raise QnnError(
            "the DLC does not take and give what the model does",
            fields={str(i): line for i, line in enumerate(differences, 1)},
        )
    for path in (call.folder, call.tools):
        assert str(path.absolute()).encode() not in data, f"the DLC names {path}"
    call.outputs["dlc"].write_bytes(data)
    document = contract.to_json(graphs[0], Contract.from_json(call.facts["contract"]))
    call.outputs["contract"].write_text(json.dumps(document, indent=1, ensure_ascii=False))
    placement.save(call.outputs["placement"], _stages(graphs[0], compiled, model))


def change_contract(params: Params, before: Contract) -> Contract:
    """`io: quantized` makes 8-bit integers of the float inputs and outputs."""
    return contract.after(before, params.io)


def _check_resizes(model: onnx.ModelProto) -> None:
    """QnnError before anything is compiled: the converter takes these without a word."""
    differing = nearest.differing(model)
    if differing:
        raise QnnError(
            "the HTP would take other values in a Resize to the nearest one",
            fields=dict(list(differing.items())[:_SHOWN_NODES]),
            hint="the HTP does `half_pixel` and `align_corners` with `nearest_mode: round_prefer_ceil`, "
            "and `asymmetric` with `floor`: export it so",
        )


def _compile(model: onnx.ModelProto, soc: Soc, folder: Path) -> Compiled:
    data = onnx_file.to_bytes(model)
    work = folder / "compiler"
    work.mkdir()
    try:
        return compile_dlc(data, soc, work)
    except RefusedError as error:
        raise _refused(error, model, soc, explain.reason(data, soc, folder / "why")) from error


def _refused(error: RefusedError, model: onnx.ModelProto, soc: Soc, why: str) -> QnnError:
    fields = {r.name: f"{r.op}: {r.reason}" for r in error.found[:_SHOWN_NODES]}
    if len(error.found) > _SHOWN_NODES:
        fields["..."] = f"and {len(error.found) - _SHOWN_NODES} more"
    if why:
        fields["QNN says"] = why
    floats = [] if soc.has_floats else coverage.float_nodes(model)
    if floats:
        shown = [f"{n.name} ({n.op})" for n in floats[:_SHOWN_NODES]]
        fields["not quantised"] = ", ".join(shown) + (" ..." if len(floats) > len(shown) else "")
    if not error.found:
        fields["ONNX Runtime"] = " ".join(error.message.split())
    count = len(error.found)
    return QnnError(
        f"the HTP of {soc.name} does not take {count or 'some'} node{'s' if count != 1 else ''} "
        "of the model",
        fields=fields,
        hint=(
            f"the HTP of {soc.name} has no floating point: every op needs Q/DQ around it, "
            "which the pass `quantize_int8: {target: qnn}` adds"
            if floats
            else "rewrite these ops in the network or by a pass of the recipe"
        ),
    )


def _stages(graph: dlc.Graph, compiled: Compiled, model: onnx.ModelProto) -> list[placement.Stage]:
    ops = {node.name: node.op_type for node in model.graph.node}
    return [
        placement.Stage(
            name=node.name,
            op=node.op,
            engine="HTP",
            layer=_layer((*compiled.sources.get(node.name, ()), node.name), ops),
        )
        for node in graph.nodes
    ]


def _layer(sources: tuple[str, ...], ops: dict[str, str]) -> str:
    """The model's node among these names, one that computes rather than Q/DQ around it."""
    names = [name for name in map(original_name, sources) if name in ops]
    quantisers = (coverage.QUANTIZE, coverage.DEQUANTIZE)
    return next((n for n in names if ops[n] not in quantisers), names[0] if names else "")


def example(folder: Path) -> Call:
    """The tiny model in floats, for a chip whose HTP has them."""
    device = {"vendor": "Qualcomm", "soc": "SM8550", "soc_model": 43}
    return examples.call(folder, KIND, facts={"device": device})


KIND = StepKind(
    role="backend",
    run=run,
    tools="qnn",
    consumes=("model",),
    produces={"dlc": "model.dlc", "contract": "contract.json", "placement": "placement.json"},
    params=Params,
    facts=("contract", "device"),
    platform=("isa",),  # constants that the compiler folds are computed by this machine
    contract=change_contract,
    runtime="qnn_htp",
    probes={"layers": ("layers_qnn_htp",), "timings": ("timings_qai_hub", "estimate")},
    floats="float16",
    time_limit_s=1800,
)
