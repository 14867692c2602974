"""What is wrong with the artifact's files and the source's, before anybody else reads them.

- damaged: cut short, or contradicting itself: sizes, offsets, places that overlap;
- hidden: bytes that no reader looks at: behind the last structure, in fields that the format does not
  have, in the second of two things with one name (layers, tensors, members of a DLC);
- outside: weights in other files, members whose names leave their folder, ops that need somebody's
  library: domains of ONNX, extensions of OpenVINO, custom ops of TFLite that are not their own;
- programs: pickles, libraries and scripts, also inside of archives;
- traces, of the artifact alone, since sources are not shipped: paths of a home or a build machine,
  private hosts, keys and tokens. Of a secret the report shows no more than its beginning.

Read by edgebuild's own readers of ONNX, IR, blob, DLC, TFLite, safetensors and ZIP, byte by byte, from whatever
lies there. What no reader here knows is searched for programs and traces only.
"""

from __future__ import annotations

from pathlib import Path

from edgebuild.formats import measurements
from edgebuild.formats.flaws import Flaw, of_files, traces
from edgebuild.step import Call, Measurement, Metric, StepKind
from edgebuild.steps import examples

_SHOWN = 10


def run(call: Call) -> None:
    """Look into everything; name what was found."""
    rows = [
        {"file": port, "kind": flaw.kind, "text": flaw.text}
        for side in ("artifact", "source")
        for port, flaw in _found(side, call)
    ]
    lines = [f"{row['file']}: {row['text']}" for row in rows]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    measured = Measurement(
        metric="security.findings",
        value=len(rows),
        evidence="host",  # read from the files' bytes
        detail="; ".join(lines[:_SHOWN] + more),
    )
    measurements.save(call.outputs["measurements"], [measured], {"findings": rows})


def _found(side: str, call: Call) -> list[tuple[str, Flaw]]:
    files = {
        port: path
        for port, path in call.inputs.items()
        if port.startswith(f"{side}.") and path.suffix != ".py"
    }
    found = of_files(files)
    if side == "artifact":
        for port in sorted(files):
            found += [(port, flaw) for flaw in traces.flaws(files[port].read_bytes())]
    return found


def example(folder: Path) -> Call:
    """A sound artifact, made of weights that are a pickle."""
    (folder / "weights.pt").write_bytes(b"\x80\x04K\x01.")
    return examples.call(
        folder,
        KIND,
        inputs={
            "artifact.onnx": examples.write_model(folder / "model.onnx"),
            "source.weights": folder / "weights.pt",
        },
    )


KIND = StepKind(
    role="check",
    run=run,
    tools="python",
    consumes=("artifact.*", "source.*"),
    produces={"measurements": "measurements.json"},
    metrics={
        "findings": Metric(
            doc="damage, hidden bytes, outside references, programs and traces in the files",
            better="lower",
            always=True,
        )
    },
)
