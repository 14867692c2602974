"""Finds out in QNN's own words why the HTP does not take a model, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import edgebuild
from edgebuild.qnn import QnnError

_TIME_LIMIT_S = 300


def reason(model: bytes, soc_model: int, folder: Path) -> str:
    """What the emulated HTP says of the first op it refuses; empty if it cannot be found out.

    The provider tells no more than an error code. So the graph is written once more without
    asking the HTP, and then offered to it whole, whose log says why. In another process, because
    a graph that was never validated may crash the library.
    """
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model)
    root = str(Path(edgebuild.__file__).parents[1])
    code = (
        f"import sys; sys.path.insert(0, {root!r}); from edgebuild.qnn import explain; "
        "explain.tell(*sys.argv[1:])"
    )
    try:
        subprocess.run(
            [sys.executable, "-c", code, str(folder), str(soc_model)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ""
    told = folder / "reason"
    return told.read_text() if told.exists() else ""


def tell(folder: str, soc_model: str) -> None:
    """The other process: writes the file `reason` if there is one."""
    from edgebuild.formats import dlc
    from edgebuild.qnn.compile import RefusedError, compile_dlc
    from edgebuild.qnn.emulator import emulate
    from edgebuild.qnn.socs import SOCS

    place, soc = Path(folder), SOCS[int(soc_model)]
    work = place / "unchecked"
    work.mkdir()
    try:
        compiled = compile_dlc((place / "model.onnx").read_bytes(), soc, work, validate=False)
        path = place / "unchecked.dlc"
        path.write_bytes(compiled.dlc)
        with emulate(path, dlc.read(compiled.dlc).graphs[0], soc):
            pass
    except RefusedError:
        return
    except QnnError as error:
        (place / "reason").write_text(error.fields.get("QNN says", ""))
