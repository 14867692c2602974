"""Writes a DLC from ONNX bytes: ONNX Runtime's QNN provider, its graph written, never run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebuild.qnn import QnnError, apart, libraries
from edgebuild.qnn.refusals import Refusal, refusals
from edgebuild.qnn.socs import SOCS, Soc

PROVIDER = "QNNExecutionProvider"
_MODEL = "model.onnx"


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """`sources`: names of the ONNX nodes each node of the DLC came from, by its name."""

    dlc: bytes
    sources: Mapping[str, tuple[str, ...]]


class RefusedError(Exception):
    """The HTP does not take the whole model: `found` says which nodes; for a user to be worded."""

    def __init__(self, found: list[Refusal], message: str) -> None:
        super().__init__(message)
        self.found = found
        self.message = message


def compile_dlc(model: bytes, soc: Soc, folder: Path, *, validate: bool = True) -> Compiled:
    """The DLC of an ONNX model for a chip. `folder` is empty and takes what the compiler writes.

    Nothing may fall back to the CPU: RefusedError if a node would. Without `validate` the HTP is
    not asked whether it takes each op: for finding out why it does not. QnnError if QNN itself is
    not as it should be.
    """
    (folder / _MODEL).write_bytes(model)
    found = apart.call(__name__, "work", folder, str(soc.model), "validate" if validate else "")
    if "error" in found:
        raise QnnError(found["error"], hint=found["hint"])
    if "message" in found:
        raise RefusedError([Refusal(**row) for row in found["refused"]], found["message"])
    return Compiled(
        dlc=(folder / found["dlc"]).read_bytes(),
        sources={name: tuple(nodes) for name, nodes in found["sources"].items()},
    )


def work(folder: str, soc_model: str, validate: str) -> None:
    """The other process: compiles, and answers what came of it."""
    place = Path(folder)
    try:
        assigned = _create_session(
            (place / _MODEL).read_bytes(), SOCS[int(soc_model)], place, bool(validate)
        )
    except QnnError as error:
        apart.answer(folder, {"error": error.message, "hint": error.hint})
        return
    except Exception as error:  # ONNX Runtime's errors share no base class but this
        _refuse(place, str(error))
        return
    files = sorted(path.name for path in place.glob("*.dlc"))
    strangers = sum(provider != PROVIDER for provider, _ in assigned)
    if strangers or len(files) != 1:
        _refuse(place, f"{strangers} nodes on the CPU, {len(files)} DLC files")
        return
    trace = json.loads((place / "qnn_op_trace.json").read_text())
    apart.answer(folder, {"dlc": files[0], "sources": _sources(trace)})


def _refuse(place: Path, message: str) -> None:
    found = refusals((place / "log").read_text(errors="replace"))
    rows = [dataclasses.asdict(refusal) for refusal in found]
    apart.answer(str(place), {"message": message, "refused": rows})


def _create_session(model: bytes, soc: Soc, folder: Path, validate: bool) -> list[tuple[str, str]]:
    """Creating the session writes the DLC. Gives (provider, node) of every node; never runs it.

    The model comes as bytes: of a path, the graph's name would hash the spelling.
    """
    import onnxruntime

    onnxruntime.register_execution_provider_library(
        PROVIDER, str(libraries.library("libonnxruntime_providers_qnn.so"))
    )
    devices = [d for d in onnxruntime.get_ep_devices() if d.ep_name == PROVIDER]
    if not devices:
        raise QnnError(
            "ONNX Runtime did not create its QNN provider",
            hint="install the `qnn` tool environment again; it needs x86-64 Linux",
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 0  # the reasons of refusals are told at this level only
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    options.add_provider_for_devices(
        devices,
        {
            "backend_type": "htp",
            "soc_model": str(soc.model),
            "offload_graph_io_quantization": "0",
            "dump_qnn_ir_dlc": "1",
            "dump_qnn_ir_dlc_dir": str(folder),
            "qnn_ir_backend_path": str(libraries.library("libQnnIr.so")),
            "enable_framework_op_trace": "1",
            "framework_op_trace_dir": str(folder),
            "skip_backend_op_validation": "0" if validate else "1",
        },
    )
    session = onnxruntime.InferenceSession(model, options, enable_fallback=0)
    if session.get_providers()[0] != PROVIDER:
        raise QnnError(f"the session runs on {session.get_providers()[0]}, not on QNN")
    return [
        (part.ep_name, node.name)
        for part in session.get_provider_graph_assignment_info()
        for node in part.get_nodes()
    ]


def _sources(trace: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        mapping["dst_name"]: tuple(s["name"] for s in mapping["sources"] if s["type"] == "OP")
        for graph in trace["subgraph_traces"]
        for mapping in graph["op_mappings"]
    }
