"""Writes a DLC from ONNX bytes: ONNX Runtime's QNN provider, its graph written, never run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebuild.qnn import QnnError, libraries
from edgebuild.qnn.refusals import Refusal, refusals
from edgebuild.qnn.socs import Soc

PROVIDER = "QNNExecutionProvider"


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

    The model comes as bytes: of a path, the graph's name would hash the spelling. Nothing may fall
    back to the CPU: RefusedError if a node would. Without `validate` the HTP is not asked whether
    it takes each op: for finding out why it does not. Best in a process of its own, as steps run:
    QNN keeps state between sessions.
    """
    with _stderr_to(folder / "log") as read_log:
        try:
            assigned = _create_session(model, soc, folder, validate)
        except QnnError:
            raise
        except Exception as error:  # ONNX Runtime's errors share no base class but this
            raise RefusedError(refusals(read_log()), str(error)) from error
        log = read_log()
    files = sorted(folder.glob("*.dlc"))
    strangers = sorted(node for provider, node in assigned if provider != PROVIDER)
    if strangers or len(files) != 1:
        raise RefusedError(
            refusals(log), f"{len(strangers)} nodes on the CPU, {len(files)} DLC files"
        )
    trace = json.loads((folder / "qnn_op_trace.json").read_text())
    return Compiled(dlc=files[0].read_bytes(), sources=_sources(trace))


def _create_session(model: bytes, soc: Soc, folder: Path, validate: bool) -> list[tuple[str, str]]:
    """Creating the session writes the DLC. Gives (provider, node) of every node; never runs it."""
    import onnxruntime

    library = str(libraries.library("libonnxruntime_providers_qnn.so"))
    if all(device.ep_name != PROVIDER for device in onnxruntime.get_ep_devices()):
        onnxruntime.register_execution_provider_library(PROVIDER, library)
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


@contextmanager
def _stderr_to(path: Path) -> Iterator[Callable[[], str]]:
    """What C++ code writes to the standard error goes to a file; the value reads it."""
    kept = os.dup(2)
    with path.open("wb") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield lambda: path.read_text(errors="replace")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
