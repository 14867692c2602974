"""Finds out in QNN's own words why the HTP does not take a model."""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import dlc
from edgebuild.qnn import QnnError, apart
from edgebuild.qnn.compile import RefusedError, compile_dlc
from edgebuild.qnn.emulator import emulate
from edgebuild.qnn.socs import SOCS, Soc

_DLC = "unchecked.dlc"


def reason(model: bytes, soc: Soc, folder: Path) -> str:
    """What the emulated HTP says of the first op it refuses; empty if it cannot be found out.

    The provider tells no more than an error code. So the graph is written once more without
    asking the HTP, and then offered to it whole, whose log says why.
    """
    unchecked, offered = folder / "unchecked", folder / "offered"
    for place in (folder, unchecked, offered):
        place.mkdir()
    try:
        compiled = compile_dlc(model, soc, unchecked, validate=False)
        (offered / _DLC).write_bytes(compiled.dlc)
        found = apart.call(__name__, "work", offered, str(soc.model))
    except (RefusedError, apart.CrashedError):
        return ""  # a graph that was never validated may well be too much for the library
    return str(found or "")


def work(folder: str, soc_model: str) -> None:
    """The other process: offers the graph, and answers what QNN says against it."""
    path = Path(folder) / _DLC
    try:
        with emulate(path, dlc.read(path.read_bytes()).graphs[0], SOCS[int(soc_model)]):
            pass
    except QnnError as error:
        apart.answer(folder, error.fields.get("QNN says", ""))
