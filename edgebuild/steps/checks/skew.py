"""Whether the target's firmware runs what the artifact was made with.

A target's `firmware:` says what its firmware runs, by name: `blob`, `openvino`, `openvino_ir`,
`openvino_opset`, `onnx_opset`, `onnx_ir`, `qnn`, `dlc`. The artifact's own bytes say what it is: the
header of a blob, the metadata of a DLC, the op sets of an IR or ONNX. A bound stands for all versions
that begin with it: 2.51.0 is `<=2.51`.

Each entry that the artifact violates is counted, and named with both versions. An entry that nothing
in the artifact tells is unproven. Of a target that declares no firmware, or none for this kind of
artifact, nothing is told: there is no gate then, and a gate of the manifest's own is unproven.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from edgebuild.formats import measurements, versions
from edgebuild.step import Call, Measurement, Metric, StepKind
from edgebuild.steps import examples


def run(call: Call) -> None:
    """Compare entry by entry."""
    files = {port.removeprefix("artifact."): path for port, path in call.inputs.items()}
    told = versions.told(files)
    firmware: dict[str, str] = call.facts["firmware"]
    rows = [_row(name, bounds, told, files) for name, bounds in firmware.items()]
    violated = [row["text"] for row in rows if row["verdict"] == "violated"]
    unknown = [row["text"] for row in rows if row["verdict"] == "not told"]
    told_of = any(row["verdict"] != "other artifact" for row in rows)
    details = {
        "firmware": firmware,
        "artifact": {name: str(one) for name, one in sorted(told.items())},
        "rows": rows,
    }
    measured = Measurement(
        metric="skew.violations",
        value=None if not told_of or (unknown and not violated) else len(violated),
        evidence="host",  # read from the artifact's bytes
        detail="; ".join([*violated, *unknown]) if told_of else _nothing(firmware),
        applies=told_of,
    )
    measurements.save(call.outputs["measurements"], [measured], details)


def _nothing(firmware: dict[str, str]) -> str:
    """Why there is nothing that could be violated."""
    if firmware:
        return "the target's firmware says nothing of this kind of artifact"
    return "the target declares no firmware"


def _row(
    name: str, bounds: str, told: dict[str, versions.Told], files: dict[str, Path]
) -> dict[str, Any]:
    found = told.get(name)
    known = versions.FIRMWARE.get(name)
    if known is not None and not set(known.files) & files.keys():
        verdict, text = "other artifact", f"`{name}` is about artifacts of another kind"
    elif found is None or found.why:
        why = found.why if found else "nothing in the artifact tells it"
        verdict, text = "not told", f"`{name}`: {why}; the firmware runs {bounds}"
    elif found.runs(bounds):
        verdict, text = "runs", f"`{name}` {found}; the firmware runs {bounds}"
    else:
        verdict, text = "violated", f"made with `{name}` {found}; the firmware runs {bounds}"
    return {
        "name": name,
        "firmware": bounds,
        "artifact": str(found) if found else "",
        "verdict": verdict,
        "text": text,
    }


def example(folder: Path) -> Call:
    """The header of a blob, for firmware that is older."""
    head = b"\x7felf" + bytes(48) + struct.pack("<4I", 9709, 132, 6, 0)
    (folder / "model.blob").write_bytes(head.ljust(132, b"\0"))
    return examples.call(
        folder,
        KIND,
        facts={"firmware": {"openvino": "<=2020.3", "blob": ">=6"}},
        inputs={"artifact.blob": folder / "model.blob"},
    )


KIND = StepKind(
    role="check",
    run=run,
    tools="python",
    consumes=("artifact.*",),
    produces={"measurements": "measurements.json"},
    facts=("firmware",),
    metrics={
        "violations": Metric(
            doc="entries of the target's firmware that the artifact was not made for",
            better="lower",
            always=True,
        )
    },
)
