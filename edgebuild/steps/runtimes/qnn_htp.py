"""Executes a DLC file on QNN's emulator of the HTP, with the arithmetic of the target's chip.

The file itself runs, through QNN's C API on x86-64: composed, prepared and executed for the chip
that `soc_model` names, 8 and 16 bits as well as float16. Quantised inputs and outputs of the DLC
are converted here, by its own scales; the answers are floats where the model's are. Expect 0.1 to 5
seconds for a sample, more for large images; the samples are shared among this machine's cores.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats import dataset, dlc, onnx_file
from edgebuild.formats.answers import answers
from edgebuild.qnn import QnnError, stored
from edgebuild.qnn.compile import compile_dlc
from edgebuild.qnn.emulator import emulate
from edgebuild.qnn.socs import soc_of
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples, shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]


def run(call: Call) -> None:
    """Every sample of `evaluation` through the DLC."""
    soc = soc_of(call.facts["device"])
    path = call.inputs["dlc"]
    graphs = dlc.read(path.read_bytes()).graphs
    if len(graphs) != 1:
        raise QnnError(f"the DLC has {len(graphs)} graphs, not one")
    graph = graphs[0]
    data = dataset.load(call.inputs["evaluation"])
    source = Contract.from_json(call.facts["source_contract"])
    stage = stored.as_floats(Contract.from_json(call.facts["contract"]), graph)

    def answer(part: dataset.Groups) -> dict[str, Arrays]:
        with emulate(path, graph, soc) as execute:

            def infer(feeds: Arrays) -> Arrays:
                stored_as = {
                    name: stored.store(array, graph.tensors[name]) for name, array in feeds.items()
                }
                return {
                    name: stored.restore(array, graph.tensors[name])
                    for name, array in execute(stored_as).items()
                }

            return answers(infer, part, source, stage)

    start = time.monotonic()
    result = shares.gather(answer, data)
    dataset.save(call.outputs["actual"], result)
    seconds = time.monotonic() - start
    sys.stdout.write(f"{soc}: {dataset.length(data)} samples in {seconds:.1f} s\n")


def example(folder: Path) -> Call:
    """The tiny model, compiled for a chip with floats, on three images."""
    device = {"vendor": "Qualcomm", "soc": "SM8550", "soc_model": 43}
    work = folder / "compiler"
    work.mkdir()
    compiled = compile_dlc(onnx_file.to_bytes(examples.model()), soc_of(device), work)
    (folder / "model.dlc").write_bytes(dlc.normalise(compiled.dlc))
    return examples.call(
        folder, KIND, facts={"device": device}, inputs={"dlc": folder / "model.dlc"}
    )


KIND = StepKind(
    role="runtime",
    run=run,
    tools="qnn",
    consumes=("dlc", "evaluation"),
    produces={"actual": "actual.npz"},
    facts=("contract", "source_contract", "device"),
    platform=("isa",),
    evidence="emulated",
    time_limit_s=4 * 3600,
)
