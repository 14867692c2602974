"""Answers as a chip that has float16 only would give them, simulated on this machine.

Weights are rounded to float16 and so is every float value between two ops, to inf beyond 65504;
each op by itself computes in float32. Integers stay exact. What is inside an op (accumulators,
gates of an LSTM) is not simulated, and a chip may flush subnormals: this is evidence from the host,
not from the device. `ranges` has the largest magnitude, overflows, subnormals and values that are
no numbers of each tensor.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgebuild.formats import answers, dataset, half_ranges, onnx_file, onnx_rounding, onnx_run
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples

if TYPE_CHECKING:
    from numpy.typing import NDArray


def run(call: Call) -> None:
    """Every sample through the rounding model."""
    import numpy as np

    model = onnx_file.load(call.inputs["model"])
    contract = Contract.from_json(call.facts["contract"])
    simulated, weights, probes = onnx_rounding.rounded(model)
    session = onnx_run.session(simulated, threads=call.threads)
    types = {i.name: onnx_run.dtype(i) for i in session.get_inputs()}
    seen = half_ranges.nothing_seen(probes)
    samples = 0

    def execute(feeds: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        nonlocal samples
        samples += 1
        # Where the artifact takes or gives other types, it is the chip that converts.
        found = onnx_run.run(session, {n: a.astype(types[n]) for n, a in feeds.items()})
        half_ranges.add(seen, probes, found)
        return {
            name: found[name].astype(np.dtype(tensor.dtype))
            for name, tensor in contract.outputs.items()
            if name in found
        }

    data = dataset.load(call.inputs["evaluation"])
    source = Contract.from_json(call.facts["source_contract"])
    dataset.save(call.outputs["actual"], answers.answers(execute, data, source, contract))
    rows = half_ranges.rows(weights, probes, seen, samples)
    document = {"samples": samples, "tensors": rows}
    call.outputs["ranges"].write_text(json.dumps(document, indent=1, allow_nan=False))


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    return examples.call(folder, KIND)


KIND = StepKind(
    role="runtime",
    run=run,
    tools="onnx",
    consumes=("model", "evaluation"),
    produces={"actual": "actual.npz", "ranges": "ranges.json"},
    facts=("contract", "source_contract"),
    platform=("isa",),
    evidence="host",
)
