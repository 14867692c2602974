"""One ONNX model to one Myriad X blob, in a process of its own, with nothing shared but the CPU."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import edgebuild
from edgebuild.formats import onnx_header
from edgebuild.formats.onnx_header import OnnxHeader
from edgebuild.myriad import complaints, libraries, refusals
from edgebuild.myriad.complaints import MyriadCompileError
from edgebuild.myriad.libraries import Libraries

Precision = Literal["U8", "FP16"]


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """What the compiler made of a model: the blob, and its internal graph (see `stages`)."""

    header: OnnxHeader
    blob: bytes
    graph: str


def compile_model(
    model: Path,
    *,
    tools: Path,
    folder: Path,
    inputs: Mapping[str, Precision],
    shaves: int,
    slices: int,
    timeout_s: float,
) -> Compiled:
    """Compile an ONNX file for `shaves` SHAVE cores and `slices` slices of on-chip memory.

    `inputs` gives the precision of every input; all outputs become FP16. `folder` takes
    temporary files. Equal arguments give equal bytes, whatever else runs at the same time.

    OnnxHeaderError, MyriadModelError: the model is none, or none for this compiler.
    MyriadToolsError: the compiler is missing or another one. MyriadCompileError: it refused
    the model, crashed, or took longer than `timeout_s`.
    """
    header = onnx_header.read_file(model)
    refusals.check(header)
    found = libraries.locate(tools)
    with tempfile.TemporaryDirectory(dir=folder, prefix="myriad-") as name:
        work = Path(name)
        shutil.copyfile(model, work / _MODEL)  # the compiler goes by the suffix
        (work / _REQUEST).write_text(
            json.dumps(_request(work, found, inputs=inputs, shaves=shaves, slices=slices))
        )
        code = _run(work, timeout_s)
        if code != 0:
            raise complaints.error(_tail(work / _LOG), code, nodes_by_tensor(header))
        return Compiled(
            header=header,
            blob=(work / _BLOB).read_bytes(),
            graph=(work / _GRAPH).read_text(encoding="utf-8", errors="replace"),
        )


def nodes_by_tensor(header: OnnxHeader) -> dict[str, str]:
    """Name of the node that makes each tensor (the tensor's own if it has none), since the
    compiler calls a layer by its output."""
    return {output: node.name or output for node in header.nodes for output in node.outputs}


_MODEL, _BLOB, _GRAPH = "model.onnx", "model.blob", "graph.dot"
_REQUEST, _LOG = "request.json", "log.txt"
_ROOT = Path(edgebuild.__file__).parent.parent
# Isolated from the user's environment and site, but with this very package.
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True;"
    " from edgebuild.myriad.worker import main; main(sys.argv[2])"
)
_LOG_BYTES = 64 * 1024


def _request(
    work: Path, found: Libraries, *, inputs: Mapping[str, Precision], shaves: int, slices: int
) -> dict[str, object]:
    return {
        "libraries": str(found.folder),
        "libusb": str(found.libusb),
        "model": str(work / _MODEL),
        "blob": str(work / _BLOB),
        "inputs": dict(inputs),
        "config": {
            "VPU_MYRIAD_PLATFORM": "VPU_MYRIAD_2480",  # the chip; else it wants to ask a device
            "MYRIAD_NUMBER_OF_SHAVES": str(shaves),
            "MYRIAD_NUMBER_OF_CMX_SLICES": str(slices),
            "MYRIAD_THROUGHPUT_STREAMS": "1",
            # Else a batch of N becomes a blob of batch 1 to be run N times.
            "MYRIAD_DETECT_NETWORK_BATCH": "NO",
            "MYRIAD_DUMP_INTERNAL_GRAPH_FILE_NAME": str(work / _GRAPH),
        },
    }


def _run(work: Path, timeout_s: float) -> int:
    """Exit code of the worker, which stays in this process's group: who kills one kills both."""
    with (work / _LOG).open("wb") as log:
        try:
            return subprocess.run(
                [sys.executable, "-I", "-c", _START, str(_ROOT), str(work / _REQUEST)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=work,
                env={"LC_ALL": "C.UTF-8", "TMPDIR": str(work)},
                timeout=timeout_s,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            raise MyriadCompileError(
                f"the Myriad X compiler took longer than {timeout_s:g} s and was stopped",
                hint="very many small ops take it long; `simplify` may remove some",
            ) from None


def _tail(log: Path) -> str:
    """End of a log, which a compiler gone wild may have made any length."""
    with log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LOG_BYTES))
        return file.read().decode(errors="replace")
