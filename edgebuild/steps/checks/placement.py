"""Where the ops or stages of the compiled model run: on the accelerator, or beside it.

On a Myriad X, stages run on the NCE (convolution hardware), on SHAVE cores (programmable) or are
DMA copies. `fallback_ops` counts what fell back from the engine meant for it: from the NCE to a
SHAVE, or from another chip's accelerator to its CPU.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from edgebuild.formats import measurements, placement
from edgebuild.step import Call, Evidence, Measurement, Metric, StepKind
from edgebuild.steps import examples

_MYRIAD = ("NCE", "SHAVE", "DMA")


def run(call: Call) -> None:
    """Count by engine."""
    stages = placement.load(call.inputs["placement"])
    engines = Counter(stage.engine for stage in stages)
    fallen = [stage for stage in stages if stage.fallback]
    evidence: Evidence = "host"  # the compiler says where things go, and it runs here
    is_myriad = any(engines[engine] for engine in _MYRIAD)

    def measured(metric: str, value: float | None, detail: str = "") -> Measurement:
        return Measurement(
            metric=f"placement.{metric}", value=value, evidence=evidence, detail=detail
        )

    rows = [
        measured(
            "fallback_ops",
            len(fallen),
            "; ".join(f"{s.layer or s.name} ({s.op}): {s.reason}" for s in fallen[:5]),
        )
    ]
    absent = "" if is_myriad else "nothing runs on a Myriad X here"
    rows += [
        measured(f"{engine.lower()}_stages", engines[engine] if is_myriad else None, absent)
        for engine in _MYRIAD
    ]
    share = engines["SHAVE"] / len(stages) if is_myriad else None
    rows.append(measured("shave_share", share, absent))
    table = [
        {
            "name": s.name,
            "op": s.op,
            "engine": s.engine,
            "layer": s.layer,
            "fallback": s.fallback,
            "reason": s.reason,
        }
        for s in stages
    ]
    details = {"engines": dict(sorted(engines.items())), "stages": table}
    measurements.save(call.outputs["measurements"], rows, details)


def example(folder: Path) -> Call:
    """Three stages of a Myriad X."""
    placement.save(
        folder / "placement.json",
        [
            placement.Stage(name="conv1@0", op="Convolution", engine="NCE", layer="conv1"),
            placement.Stage(name="relu1", op="Relu", engine="NCE", layer="relu1"),
            placement.Stage(name="sigmoid", op="Sigmoid", engine="SHAVE", layer="sigmoid"),
        ],
    )
    return examples.call(
        folder,
        KIND,
        inputs={"placement": folder / "placement.json"},
    )


KIND = StepKind(
    role="check",
    run=run,
    tools="python",
    consumes=("placement",),
    produces={"measurements": "measurements.json"},
    metrics={
        "fallback_ops": Metric(
            doc="ops that fell back from the engine meant for them", better="lower"
        ),
        "nce_stages": Metric(doc="stages on the Myriad X's convolution hardware"),
        "shave_stages": Metric(doc="stages on the Myriad X's SHAVE cores", better="lower"),
        "dma_stages": Metric(doc="stages that only copy", better="lower"),
        "shave_share": Metric(doc="share of the stages that run on SHAVE cores", better="lower"),
    },
)
