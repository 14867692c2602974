"""Qualcomm DLC from Qualcomm AI Hub, the vendor's cloud compiler, for those who want it.

`qnn_dlc` makes DLCs offline and is to be preferred: AI Hub gets the whole model, needs an account,
and drops versions. What it gave once is in the store, but the key cannot promise it again: a store
that was lost is filled with whatever AI Hub answers then, other bytes maybe, and `doit audit`
will show it. The log holds the service's address, the job and the versions that were reported.

`device` is a device of AI Hub's with the target's chip, as `qai-hub list-devices` names them;
`qairt` the release of Qualcomm's tools that is to compile, as AI Hub counts them. Tags such as
`latest` mean another release every month and are refused.

The token is taken from `~/.qai_hub/client.ini`, which `qai-hub configure` writes, or the file that
QAIHUB_CLIENT_INI names. It is in no key, log, artifact or report.

The DLC is read back and compared as by `qnn_dlc`, and `io` means the same. AI Hub compiles for no
one engine; `placement` says HTP, since a DLC runs on the HTP as a whole or not at all. Whether it
does, the emulator shows that executes the DLC in the checks.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edgebuild import cloud
from edgebuild.cloud import CloudError, aihub, aihub_errors, aihub_session
from edgebuild.formats import contract_file, dlc, onnx_header, placement
from edgebuild.formats.onnx_header import OnnxHeader
from edgebuild.qnn import QnnError, contract
from edgebuild.qnn.refusals import original_name
from edgebuild.qnn.socs import soc_of
from edgebuild.step import Call, Contract, StepKind, param
from edgebuild.steps import examples

_RELEASE = re.compile(r"\d+\.\d+(\.\d+)*")


@dataclass(frozen=True, kw_only=True)
class Params:
    """What is asked of AI Hub."""

    device: str = param("Name of a device of AI Hub's that has the target's chip.")
    qairt: str = param("Release of QAIRT that AI Hub compiles with, such as 2.45.")
    io: Literal["float", "quantized"] = param(
        "Whether the DLC's float inputs and outputs stay floats or become 8-bit integers.", "float"
    )


def change_contract(params: Params, before: Contract) -> Contract:
    """`io: quantized` makes 8-bit integers of the float inputs and outputs."""
    if not _RELEASE.fullmatch(params.qairt):
        raise CloudError(
            f"`qairt` is to be a release in numbers, not `{params.qairt}`",
            hint="`doit kinds kind=qnn_dlc_cloud` says why",
        )
    return contract.after(before, params.io)


def run(call: Call) -> None:
    """Ask, read what came, compare it with the model, describe."""
    params: Params = call.params
    soc = soc_of(call.facts["device"])
    header = onnx_header.read_file(call.inputs["model"])
    if not soc.has_floats and all(node.op != "QuantizeLinear" for node in header.nodes):
        raise QnnError(
            f"the HTP of {soc.name} has no floating point and the model is not quantised",
            fields={"chip": str(soc)},
            hint="add the pass `quantize_int8: {target: qnn}` to the recipe",
        )
    declared = Contract.from_json(call.facts["contract"])
    foretold = change_contract(params, declared)
    answer = aihub.compile_model(
        call.inputs["model"],
        device=params.device,
        qairt=params.qairt,
        quantize_io=params.io == "quantized",
        tools=call.tools,
        folder=call.folder,
        limit_s=KIND.time_limit_s - 60,
    )
    cloud.log(answer.told)
    graph = _graph(answer)
    differences = contract_file.differences(foretold, contract.contract_of(graph))
    if differences:
        raise QnnError(
            "the DLC does not take and give what the model does",
            fields={str(i): line for i, line in enumerate(differences, 1)},
        )
    call.outputs["dlc"].write_bytes(answer.dlc)
    document = contract.to_json(graph, declared)
    call.outputs["contract"].write_text(json.dumps(document, indent=1, ensure_ascii=False))
    placement.save(call.outputs["placement"], _stages(graph, header))


def _graph(answer: aihub.Answer) -> dlc.Graph:
    where = {name: answer.told[name] for name in ("service", "job")}
    try:
        graphs = dlc.read(answer.dlc).graphs
    except dlc.DlcError as error:
        raise aihub_errors.unfit(where, error.message) from None
    if len(graphs) != 1:
        raise aihub_errors.unfit(where, f"a DLC of {len(graphs)} graphs, not one")
    return graphs[0]


def _stages(graph: dlc.Graph, header: OnnxHeader) -> list[placement.Stage]:
    """The converter calls an op by its ONNX node, or the tensors it makes by theirs."""
    nodes: dict[str, Any] = {tensor: n.name for n in header.nodes for tensor in n.outputs}
    nodes |= {n.name: n.name for n in header.nodes if n.name}
    return [
        placement.Stage(
            name=node.name,
            op=node.op,
            engine="HTP",
            layer=next(
                (
                    nodes[name]
                    for name in (original_name(node.name), *node.outputs)
                    if nodes.get(name)
                ),
                "",
            ),
        )
        for node in graph.nodes
    ]


def example(folder: Path) -> Call:
    """The tiny model in floats, for a chip whose HTP has them. It needs AI Hub and a token."""
    return examples.call(
        folder,
        KIND,
        params=Params(device="Samsung Galaxy S23 (Family)", qairt="2.45"),
        facts={"device": {"vendor": "Qualcomm", "soc": "SM8550", "soc_model": 43}},
    )


KIND = StepKind(
    role="backend",
    run=run,
    tools="hub",
    consumes=("model",),
    produces={"dlc": "model.dlc", "contract": "contract.json", "placement": "placement.json"},
    params=Params,
    facts=("contract", "device"),
    contract=change_contract,
    secrets={**aihub_session.SECRETS, **cloud.CONNECTION},
    runtime="qnn_htp",
    probes={"layers": ("layers_qnn_htp",), "timings": ("timings_qai_hub", "estimate")},
    floats="float16",
    time_limit_s=3600,
)
