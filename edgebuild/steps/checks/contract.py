"""Whether the artifact's inputs and outputs are what the manifest and the recipe promise.

Names, order, shapes and types are read from the artifact's own bytes. Any difference fails the
build, whether a manifest's `accept` names it or not.
"""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import contract_file, measurements
from edgebuild.step import Call, Contract, Measurement, Metric, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Count the differences and say them."""
    expected = Contract.from_json(call.facts["contract"])
    found = contract_file.load(call.inputs["contract"])
    lines = contract_file.differences(expected, found)
    measured = Measurement(
        metric="contract.mismatches",
        value=len(lines),
        evidence="host",  # read from the artifact's bytes, whatever runs it
        detail="; ".join(lines),
    )
    details = {
        "differences": lines,
        "expected": expected.to_json(),
        "found": found.to_json(),
    }
    measurements.save(call.outputs["measurements"], [measured], details)


def example(folder: Path) -> Call:
    """An artifact that keeps its contract."""
    contract_file.save(folder / "contract.json", examples.CONTRACT)
    return examples.call(
        folder,
        KIND,
        facts={"contract": examples.CONTRACT.to_json()},
        inputs={"contract": folder / "contract.json"},
    )


KIND = StepKind(
    role="check",
    run=run,
    tools="python",
    consumes=("contract",),
    produces={"measurements": "measurements.json"},
    facts=("contract",),
    metrics={
        "mismatches": Metric(
            doc="differences between the artifact's inputs and outputs and the promised ones",
            better="lower",
        )
    },
)
