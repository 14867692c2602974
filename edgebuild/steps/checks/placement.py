"""Where the ops or stages of the compiled model run: on the accelerator, or beside it.

On a Myriad X, stages run on the NCE (convolution hardware), on SHAVE cores (programmable) or are
DMA copies. `fallback_ops` counts what fell back from the engine meant for it: from the NCE to a
SHAVE, or from another chip's accelerator to its CPU.

Ten stages on a SHAVE may be nothing beside one; so the shares by MACs, and by the estimated time of the
layers, go by what the stages compute. A layer is where its multiply-accumulates are. Of a layer
that no stage names it is not known where it runs: it counts as fallen back and as on a SHAVE, not as
accelerated, and is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from edgebuild.formats import costs, measurements, placement, roofline
from edgebuild.formats.costs import Costs, Layer
from edgebuild.formats.placement import Stage
from edgebuild.step import Call, Evidence, Measurement, Metric, StepKind
from edgebuild.steps import examples

_MYRIAD = ("NCE", "SHAVE", "DMA")
_ACCELERATORS = ("NCE", "HTP")
_NO_MYRIAD = "nothing runs on a Myriad X here"
_NO_STAGES = "the compiler names nothing that runs"
_SHOWN = 5


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
            len(fallen) if stages else None,
            "; ".join(f"{s.layer or s.name} ({s.op}): {s.reason}" for s in fallen[:5])
            if stages
            else _NO_STAGES,
        )
    ]
    absent = "" if is_myriad else _NO_MYRIAD
    rows += [
        measured(f"{engine.lower()}_stages", engines[engine] if is_myriad else None, absent)
        for engine in _MYRIAD
    ]
    share = engines["SHAVE"] / len(stages) if is_myriad else None
    rows.append(measured("shave_share", share, absent))
    found = costs.load(call.inputs["costs"]) if "costs" in call.inputs else None
    rows += _shares(found, stages)
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
    details = {
        "engines": dict(sorted(engines.items())),
        "stages": table,
        "macs_by_engine": _by_engine(found, "macs"),
        "ms_by_engine": _by_engine(found, "ms"),
        "unjoined": _unjoined(found, stages) if found else [],
    }
    measurements.save(call.outputs["measurements"], rows, details)


def _shares(costed: Costs | None, stages: Sequence[Stage]) -> list[Measurement]:
    """Of the MACs and of the estimated time: how much is where."""
    found = costed or costs.unknown("nothing counts what its layers cost")
    why = _no_shares(found, stages)
    no_shave = "" if any(s.engine in _MYRIAD for s in stages) else _NO_MYRIAD
    names = {stage.layer for stage in stages if stage.fallback}
    lost = [layer for layer in found.layers if layer.macs and not layer.engine]
    fast = [layer for layer in found.layers if layer.engine in _ACCELERATORS]
    fallen = [layer for layer in found.layers if names & {*layer.nodes}]
    slow = [layer for layer in found.layers if layer.engine == "SHAVE"]
    groups = {
        "mac_share_accelerator": (fast, why),
        "mac_share_shave": ([*slow, *lost], why or no_shave),
        "mac_share_fallback": ([*fallen, *lost], why),
        "ms_share_accelerator": (fast, why or (found.lacks and f"no estimate: {found.lacks}")),
    }
    rows = []
    for metric, (layers, absent) in groups.items():
        exact = metric.startswith("mac")
        figure = "macs" if exact else "ms"
        total = _sum(found.layers, figure)
        absent = absent or ("" if total else "no layer computes anything")
        rows.append(
            Measurement(
                metric=f"placement.{metric}",
                value=None if absent else _sum(layers, figure) / total,
                evidence="host" if exact else "estimated",
                detail=absent or _lost(lost),
            )
        )
    return rows


def _no_shares(found: Costs, stages: Sequence[Stage]) -> str:
    """Why it cannot be said where MACs run, or nothing."""
    if found.unknown or found.macs is None:
        return found.unknown or found.lacks
    if not any(layer.engine for layer in found.layers):
        return "nothing says which layer a stage came from"
    if all(stage.engine == "CPU" for stage in stages):
        return "there is no accelerator here"
    return ""


def _by_engine(found: Costs | None, figure: str) -> dict[str, float]:
    return {e or "unknown": v for e, v in found.by_engine(figure).items()} if found else {}


def _unjoined(found: Costs, stages: Sequence[Stage]) -> list[str]:
    """Stages that came from no layer that is counted."""
    joined = {id(stage) for one in roofline.stages_of(found, stages) for stage in one}
    return [stage.name for stage in stages if id(stage) not in joined]


def _sum(layers: Sequence[Layer], figure: str) -> float:
    return sum(getattr(layer, figure) or 0 for layer in layers)


def _lost(layers: Sequence[Layer]) -> str:
    """The layers with MACs of which it is not known where they run."""
    if not layers:
        return ""
    names = ", ".join(f"`{layer.name}` ({layer.op})" for layer in layers[:_SHOWN])
    more = f" and {len(layers) - _SHOWN} more" if len(layers) > _SHOWN else ""
    return f"no stage names {names}{more}, of {_sum(layers, 'macs'):g} MACs"


def example(folder: Path) -> Call:
    """Three stages of a Myriad X, and what the convolution costs."""
    layer = Layer(
        name="conv1", op="Conv+Relu", output="r1", nodes=("conv1", "relu1"), macs=3240, other_ops=0,
        params=140, weight_bytes=280, input_bytes=144, output_bytes=240, precision="fp16",
        engine="NCE", ms=0.01, bound="compute",
    )  # fmt: skip
    costs.save(folder / "costs.json", Costs(layers=(layer,)))
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
        inputs={
            "placement": folder / "placement.json",
            "costs": folder / "costs.json",
        },
    )


KIND = StepKind(
    role="check",
    run=run,
    tools="python",
    consumes=("placement", "costs?"),
    produces={"measurements": "measurements.json"},
    metrics={
        "fallback_ops": Metric(
            doc="ops that fell back from the engine meant for them", better="lower"
        ),
        "nce_stages": Metric(doc="stages on the Myriad X's convolution hardware"),
        "shave_stages": Metric(doc="stages on the Myriad X's SHAVE cores", better="lower"),
        "dma_stages": Metric(doc="stages that only copy", better="lower"),
        "shave_share": Metric(doc="share of the stages that run on SHAVE cores", better="lower"),
        "mac_share_accelerator": Metric(doc="share of the MACs on the NCE or the HTP"),
        "mac_share_shave": Metric(doc="share of the MACs on SHAVE cores", better="lower"),
        "mac_share_fallback": Metric(
            doc="share of the MACs that fell back from the engine meant for them", better="lower"
        ),
        "ms_share_accelerator": Metric(doc="share of the estimated time on the NCE or the HTP"),
    },
)
