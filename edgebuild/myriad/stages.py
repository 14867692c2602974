"""Which node of the model each stage of a blob came from: the compiler's internal graph, read.

The compiler writes the graph as a drawing (dot) when asked to; that does not change the blob. Each
stage is one line, with line breaks as `\\l`:

    stage_0x55.. [ .. label="[2 / 3] Stage NAME\\ltype = MyriadXHwOp\\lorigLayer = [\\l    name = ."

`[2 / 3]` are its places in the order of execution (-1: it is not executed) and in the graph. A
stage may carry another that runs beside it and has the same place. Addresses in names differ from
run to run and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgebuild.errors import EdgebuildError
from edgebuild.formats import placement
from edgebuild.formats.blob import Blob
from edgebuild.formats.blob_stages import engine_of


class MyriadGraphError(EdgebuildError):
    """The compiler's graph does not belong to its blob: a fault of the compiler or this reader."""


@dataclass(frozen=True, kw_only=True)
class GraphStage:
    """A stage of the internal graph. `place` counts executed stages, -1 = not executed."""

    key: str
    place: int
    name: str
    type: str
    layer: str
    hardware_op: str
    shaves: int


def placed(blob: Blob, graph: str, nodes: Mapping[str, str]) -> list[placement.Stage]:
    """A row for each stage of the blob, in order of execution, with the node it came from.

    `nodes` names the node of each tensor of the model. A layer that the compiler made itself
    belongs to the node whose last layer it leads to, for the last one keeps the tensor's name.
    MyriadGraphError if graph and blob disagree on the stages.
    """
    stages = read(graph)
    successors = _successors(graph, {stage.key for stage in stages})
    by_key = {stage.key: stage for stage in stages}
    executed = _executed(stages)
    described = [(s.type, s.shaves) for s in executed]
    found = [(s.type, s.shaves) for s in blob.stages]
    if described != found:
        at = next(
            (i for i, (a, b) in enumerate(zip(described, found, strict=False)) if a != b),
            min(len(described), len(found)),
        )
        raise MyriadGraphError(
            f"the compiler's graph has {len(described)} stages and its blob {len(found)};"
            f" they differ from stage {at} on",
            hint="this is a fault of edgebuild: please report it with the model",
        )
    return [
        placement.Stage(
            name=stage.name,
            op=stage.hardware_op or stage.type,
            engine=engine_of(stage.type),
            layer=_node(stage, by_key, successors, nodes),
            fallback=stage.type in _NCE_COULD,
            reason=_NCE_COULD.get(stage.type, ""),
        )
        for stage in executed
    ]


def without_graph(blob: Blob) -> list[placement.Stage]:
    """A row for each stage of a blob whose compiler gave no graph: what it came from is unknown."""
    return [
        placement.Stage(
            name=f"{stage.type}@{stage.index}",
            op=stage.type,
            engine=stage.engine,
            fallback=stage.type in _NCE_COULD,
            reason=_NCE_COULD.get(stage.type, ""),
        )
        for stage in blob.stages
    ]


# Kinds of layers that the NCE computes in other sizes and forms, as programs for the SHAVEs.
_NCE_COULD = {
    **dict.fromkeys(
        ("Conv", "DepthConv", "Im2ColConvolution", "RefConvolution", "ConvND"),
        "a convolution of a form the NCE does not take",
    ),
    **dict.fromkeys(
        ("Deconvolution", "DepthDeconv"), "a transposed convolution the NCE does not take"
    ),
    **dict.fromkeys(
        ("MaxPool", "AvgPool", "GlobalMaxPool", "PoolND"), "a pooling the NCE does not take"
    ),
    **dict.fromkeys(("FC", "GEMM"), "a matrix product the NCE does not take"),
}


def read(graph: str) -> list[GraphStage]:
    """All stages of the graph, as written."""
    return [_stage(found) for found in _STAGE.finditer(graph)]


_STAGE = re.compile(
    r"^ *(?P<key>stage_0x[0-9a-f]+) \[\n"
    r" *shape=\w+\n *style=\w+\n *fillcolor=\w+\n"
    r' *label="\[(?P<place>-?\d+) / \d+\] Stage (?P<name>.*?)\\l(?P<values>type = .*?)\\l"\n *\];$',
    re.MULTILINE | re.DOTALL,
)
_EDGE = re.compile(r"^ *(\w+_0x[0-9a-f]+) -> (\w+_0x[0-9a-f]+) \[$", re.MULTILINE)
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def _stage(found: re.Match[str]) -> GraphStage:
    values = _values(found["values"])
    return GraphStage(
        key=found["key"],
        place=int(found["place"]),
        name=_ADDRESS.sub("*", found["name"]),
        type=values["type"],
        layer=values.get("origLayer.name", ""),
        hardware_op=values.get("extraAttrs.hwOpType", ""),
        shaves=int(values.get("numSHAVEs", "0")),
    )


def _values(label: str) -> dict[str, str]:
    """`key = value` lines of a label; those in brackets as `outer.key`."""
    values: dict[str, str] = {}
    outer: list[str] = []
    for line in label.split("\\l"):
        key, equals, value = line.strip().partition(" = ")
        if line.strip() == "]":
            outer = outer[:-1]
        elif equals and value == "[":
            outer = [*outer, key]
        elif equals:
            values.setdefault(".".join([*outer, key]), value)
    return values


def _executed(stages: Sequence[GraphStage]) -> list[GraphStage]:
    """In order of execution. Of two in one place the first carries the other inside itself."""
    by_place: dict[int, GraphStage] = {}
    for stage in stages:
        if stage.place >= 0:
            by_place.setdefault(stage.place, stage)
    return [by_place[place] for place in sorted(by_place)]


def _successors(graph: str, stages: set[str]) -> dict[str, list[str]]:
    """The stages that take what a stage makes, through the data between them."""
    edges: dict[str, list[str]] = {}
    for found in _EDGE.finditer(graph):
        edges.setdefault(found[1], []).append(found[2])
    return {
        stage: [taker for data in edges.get(stage, ()) for taker in edges.get(data, ())]
        for stage in stages
    }


def _node(
    stage: GraphStage,
    by_key: Mapping[str, GraphStage],
    successors: Mapping[str, Sequence[str]],
    nodes: Mapping[str, str],
) -> str:
    seen: set[str] = set()
    here: GraphStage | None = stage
    while here is not None and here.layer and here.key not in seen:
        if here.layer in nodes:
            return nodes[here.layer]
        seen.add(here.key)
        following = [by_key[key] for key in successors.get(here.key, ()) if key in by_key]
        here = following[0] if len(following) == 1 else None
    return ""
