"""How long layers take under the roofs of a chip: its peak rate and its memory's bandwidth.

A target's `roofline` gives `peak_gops` by type (`fp16`), in 1e9 operations a second, and for cores of which a
network uses as many as it is compiled for, the rate of one (`fp16_shave`); and `bandwidth_gb_s`, 1e9 bytes
a second. Times are lower bounds: nothing is ever faster than its roof, and most things are slower.

Where the compiler says which stages a layer became, the layer is timed on the engine that they run on. On a
Myriad X that includes how a transposed convolution is done: the compiler (OpenVINO 2021.4, Apache-2.0,
`vpu/graph_transformer/src/middleend/passes/replace_deconv_by_conv.cpp`) has a SHAVE program, stage
`Upsampling`, write its input with zeros put in, and the NCE convolve that at each place of the output.
A layer without multiply-accumulates for which there is no stage was merged into another, and takes no time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edgebuild.formats.costs import Costs, Layer
from edgebuild.formats.placement import Stage

# Which of several engines of one layer computes it: the first of these.
_ENGINES = ("NCE", "HTP", "SHAVE", "CPU", "DMA")
_SHAVE, _INSERTS_ZEROS = "SHAVE", "Upsampling"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A stage, and of how many SHAVE cores it is a program; 0 = that is not known."""

    stage: Stage
    shaves: int = 0


def timed(costs: Costs, roofline: Mapping[str, Any], placed: Sequence[Placed] = ()) -> Costs:
    """`costs` with engines and times. `placed` are the artifact's stages, where they are known.

    If anything is missing for a layer's time, it stays None and `lacks` says what.
    """
    if costs.unknown:
        return costs
    stages = stages_of(costs, [one.stage for one in placed])
    shaves = {id(one.stage): one.shaves for one in placed}
    known = any(stages)
    lacks: list[str] = []
    layers = []
    for layer, found in zip(costs.layers, stages, strict=True):
        engine = _engine(layer, found)
        if known and not found and layer.macs == 0:
            layers.append(replace(layer, ms=0.0))
            continue
        try:
            cores = min((shaves[id(s)] for s in found if s.engine == _SHAVE), default=0)
            ms, bound = _time(layer, found, engine, cores, roofline)
        except _LackError as lack:
            lacks.append(str(lack))
            layers.append(replace(layer, engine=engine))
        else:
            layers.append(replace(layer, engine=engine, ms=ms, bound=bound))
    return replace(
        costs,
        layers=tuple(layers),
        roofline=_summary(costs, roofline),
        lacks="; ".join(dict.fromkeys(lacks)),
    )


def stages_of(costs: Costs, stages: Sequence[Stage]) -> list[list[Stage]]:
    """For each layer the stages that came from one of its nodes; a conversion of an input or output has
    no node, and its stage is called after what it converts (`image@FP16`)."""
    places = {node: i for i, layer in enumerate(costs.layers) for node in layer.nodes}
    converted = {x.output: i for i, x in enumerate(costs.layers) if x.op == "Convert"}
    found: list[list[Stage]] = [[] for _ in costs.layers]
    for stage in stages:
        place = places.get(stage.layer)
        if place is None and not stage.layer:
            place = converted.get(stage.name.partition("@")[0])
        if place is not None:
            found[place].append(stage)
    return found


class _LackError(Exception):
    """What is missing for a layer's time."""


def _engine(layer: Layer, stages: Sequence[Stage]) -> str:
    """Where it is computed: on what it fell back to, if its products did; else on the best it has."""
    fallen = [s.engine for s in stages if s.fallback] if layer.macs != 0 else []
    engines = fallen or [s.engine for s in stages]
    return next((e for e in _ENGINES if e in engines), engines[0] if engines else "")


def _time(
    layer: Layer, stages: Sequence[Stage], engine: str, cores: int, roofline: Mapping[str, Any]
) -> tuple[float, str]:
    """Milliseconds, and what takes them."""
    if layer.macs is None:
        raise _LackError(f"no count of operations is known for `{layer.name}` ({layer.op})")
    bandwidth = roofline.get("bandwidth_gb_s")
    if not bandwidth:
        raise _LackError("the target's roofline gives no memory bandwidth")
    macs, moved, before = layer.macs, layer.traffic_bytes, 0
    if layer.dense_macs and any(s.op == _INSERTS_ZEROS for s in stages):
        macs, before = layer.dense_macs, layer.input_bytes + layer.dense_bytes
        moved += layer.dense_bytes - layer.input_bytes
    computing = 0.0
    if macs:
        computing = 2 * macs / _peak(layer, engine, cores, roofline) / 1e6
    moving = moved / bandwidth / 1e6
    ms = before / bandwidth / 1e6 + max(computing, moving)
    return ms, "compute" if computing > moving else "memory"


def _peak(layer: Layer, engine: str, cores: int, roofline: Mapping[str, Any]) -> float:
    """1e9 operations a second of the engine, in the layer's type."""
    peaks: Mapping[str, float] = roofline.get("peak_gops") or {}
    name = f"{layer.precision}_shave" if engine == _SHAVE else layer.precision
    if name not in peaks:
        raise _LackError(f"the target's roofline gives no peak rate `{name}`")
    if engine == _SHAVE and not cores:
        raise _LackError(f"it is not known how many SHAVE cores compute `{layer.name}`")
    return peaks[name] * (cores if engine == _SHAVE else 1)


def _summary(costs: Costs, roofline: Mapping[str, Any]) -> dict[str, Any]:
    """The roofs over most of the operations, for drawing."""
    by_precision: Counter[str] = Counter()
    for layer in costs.layers:
        by_precision[layer.precision] += layer.macs or 0
    precision = by_precision.most_common(1)[0][0] if by_precision else ""
    return {
        "precision": precision,
        "peak_gops": (roofline.get("peak_gops") or {}).get(precision),
        "bandwidth_gb_s": roofline.get("bandwidth_gb_s"),
        "source": roofline.get("source", ""),
    }
