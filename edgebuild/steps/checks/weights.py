"""Whether the weights are those that the model's own training gave, as its record says.

Planned for models with a `training`: `training.json`, which `doit train` writes beside the weights, has
their sha256. Other weights, or a record of another training, fail the build, since nobody could say
where they come from. The record says nothing of the files that the training is made of.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from edgebuild.formats import measurements
from edgebuild.step import Call, Measurement, Metric, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Compare the digests."""
    path = call.inputs["trained_weights"]
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    recorded = _recorded(call.inputs.get("training_record"))
    again = f"`doit train model={call.facts['model']['name']}` makes both"
    if isinstance(recorded, str):
        stale = int(recorded != found)
        detail = f"{path.name} is {found}, its training gave {recorded}; {again}" if stale else ""
    else:
        stale, detail = None, f"no record says which weights the training gave; {again}"
    measured = Measurement(metric="weights.stale", value=stale, evidence="host", detail=detail)
    details = {"sha256": found, "recorded": recorded}
    measurements.save(call.outputs["measurements"], [measured], details)


def _recorded(path: Path | None) -> str | None:
    """The digest in a record; None if there is none, or it has no digest."""
    if path is None:
        return None
    try:
        record: Any = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    digest = record.get("sha256") if isinstance(record, dict) else None
    return digest if isinstance(digest, str) else None


def example(folder: Path) -> Call:
    """Weights, and the record of others."""
    (folder / "weights.safetensors").write_bytes(b"weights")
    (folder / "training.json").write_text(json.dumps({"sha256": "0" * 64}))
    return examples.call(
        folder,
        KIND,
        facts={"model": {"name": "net", "version": "1.0.0", "license": "MIT"}},
        inputs={
            "trained_weights": folder / "weights.safetensors",
            "training_record": folder / "training.json",
        },
    )


KIND = StepKind(
    role="check",
    run=run,
    tools="python",
    consumes=("trained_weights", "training_record?"),
    produces={"measurements": "measurements.json"},
    facts=("model",),
    metrics={
        "stale": Metric(
            doc="1 if the weights are not those of the recorded training",
            better="lower",
            always=True,
        )
    },
)
