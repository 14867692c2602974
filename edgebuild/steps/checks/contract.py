"""Whether the artifact's inputs and outputs are what the manifest promises, and what was released.

Names, order, shapes and types are read from the artifact's own bytes. Any difference from what is
promised fails the build, whether a manifest's `accept` names it or not.

What is promised is compared with what was released last (`released.json`, which `doit freeze` writes):
with this artifact's contract if it was released, else with the model's own. A breaking change (names,
order, shapes, types, layout, colours, mean, scale, quantisation) fails the build unless the manifest's
`version` is a higher major one; below 1.0.0 a higher minor one will do, as with Cargo. Compatible
changes (a new output behind the others, a unit that is told now) are counted if the version is not a
higher minor one, and fail nothing unless `accept` says so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgebuild.formats import contract_change, contract_file, measurements, released, semver
from edgebuild.formats.contract_change import Change
from edgebuild.formats.released import Released
from edgebuild.step import Call, Contract, Measurement, Metric, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Count the differences and say them."""
    expected = Contract.from_json(call.facts["contract"])
    found = contract_file.load(call.inputs["contract"])
    lines = contract_file.differences(expected, found)
    rows = [_measured("mismatches", len(lines), "; ".join(lines))]
    details: dict[str, Any] = {
        "differences": lines,
        "expected": expected.to_json(),
        "found": found.to_json(),
        "released": None,
    }
    if "released" in call.inputs:
        before = released.load(call.inputs["released"])
        changes = _changes(call, before)
        version = call.facts["model"]["version"]
        rows += _judged(before.version, version, changes)
        change = contract_change.worst(changes)
        details["released"] = {
            "version": before.version,
            "now": version,
            "class": change,
            "announced": semver.announces(before.version, version, change),
            "changes": [{"class": one.kind, "text": one.text} for one in changes],
        }
    else:
        why = "nothing of this model was released"
        rows += [_measured("breaking", 0, why), _measured("compatible", 0, why)]
    measurements.save(call.outputs["measurements"], rows, details)


def _changes(call: Call, before: Released) -> list[Change]:
    artifact = before.contract_of(call.facts["variant"])
    if artifact is None:
        return contract_change.changes(before.contract, call.facts["source_contract"])
    made = json.loads(call.inputs["contract"].read_text())
    now = released.with_quantization(call.facts["contract"], made)
    return contract_change.changes(artifact, now)


def _judged(before: str, now: str, changes: list[Change]) -> list[Measurement]:
    if semver.parse(now) < semver.parse(before):
        text = f"version {now} is before the released {before}"
        return [_measured("breaking", 1, text), _measured("compatible", 0)]
    rows = []
    for kind in ("breaking", "compatible"):
        of_kind = [change.text for change in changes if change.kind == kind]
        text = f"since {before}: {'; '.join(of_kind)}" if of_kind else ""
        if semver.announces(before, now, kind):
            rows.append(_measured(kind, 0, f"announced, {text}" if text else ""))
            continue
        needed = f"; `version: {semver.needed(before, kind)}` would announce it" if text else ""
        rows.append(_measured(kind, len(of_kind), text + needed))
    return rows


def _measured(metric: str, value: float, detail: str = "") -> Measurement:
    """Read from the artifact's bytes on the host, whatever runs it."""
    return Measurement(metric=f"contract.{metric}", value=value, evidence="host", detail=detail)


def example(folder: Path) -> Call:
    """An artifact that keeps its contract, of a model that was released with another output."""
    contract_file.save(folder / "contract.json", examples.CONTRACT)
    old = examples.CONTRACT.to_json()
    old["outputs"][0]["name"] = "matte"
    record = Released(model="net", version="1.0.0", contract=old)
    (folder / "released.json").write_bytes(released.to_bytes(record))
    return examples.call(
        folder,
        KIND,
        facts={
            "contract": examples.CONTRACT.to_json(),
            "source_contract": examples.CONTRACT.to_json(),
            "model": {"name": "net", "version": "1.1.0", "license": "MIT"},
            "variant": "board",
        },
        inputs={"contract": folder / "contract.json", "released": folder / "released.json"},
    )


KIND = StepKind(
    role="check",
    run=run,
    tools="python",
    consumes=("contract", "released?"),
    produces={"measurements": "measurements.json"},
    facts=("contract", "source_contract", "model", "variant"),
    metrics={
        "mismatches": Metric(
            doc="differences between the artifact's inputs and outputs and the promised ones",
            better="lower",
            always=True,
        ),
        "breaking": Metric(
            doc="breaking changes since the last release that the version does not announce",
            better="lower",
            always=True,
        ),
        "compatible": Metric(
            doc="compatible changes since the last release that the version does not announce",
            better="lower",
        ),
    },
)
