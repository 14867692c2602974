"""Applies the rewrites of `ops`: each is a module, found by its place.

A module has `OPS` (the ops it is for), `rewrite(node, graph)` and `EXAMPLES` (name -> Example).
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from edgebuild.rewrites import assemble, fold, ops
from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import Graph
from edgebuild.rewrites.refused import Refusal, RefusedError

if TYPE_CHECKING:
    import onnx

    Function: TypeAlias = Callable[[onnx.NodeProto, Graph], list[onnx.NodeProto] | None]

LARGEST_ROUNDS = 20  # a rewrite that feeds itself would never end


@dataclass(frozen=True, kw_only=True)
class Rewrite:
    """One module of `ops`."""

    name: str
    ops: tuple[str, ...]
    function: Function
    examples: Mapping[str, Example]


@dataclass(frozen=True, kw_only=True)
class Applied:
    """One rewrite that was done: which, on which op and node, and what it makes."""

    rewrite: str
    op: str
    node: str
    outputs: tuple[str, ...]


@functools.cache
def rewrites() -> tuple[Rewrite, ...]:
    """All of them, by name."""
    found = []
    for module in sorted(m.name for m in pkgutil.iter_modules(ops.__path__)):
        loaded = importlib.import_module(f"{ops.__name__}.{module}")
        found.append(
            Rewrite(
                name=module,
                ops=loaded.OPS,
                function=loaded.rewrite,
                examples=loaded.EXAMPLES,
            )
        )
    return tuple(found)


def apply(graph: Graph, refusals: list[Refusal]) -> list[Applied]:
    """Rewrite a graph of opset 13 until no rewrite applies; fold and clean up in between.

    Nodes that a rewrite refuses stay as they are and are added to `refusals`.
    """
    applied: list[Applied] = []
    refused: set[str] = set()
    for _ in range(LARGEST_ROUNDS):
        nodes: list[onnx.NodeProto] = []
        before = len(applied)
        for node in graph.nodes:
            new = [node]
            try:
                named = None if node.name in refused else rewrite(graph, node)
            except RefusedError as error:
                refused.add(node.name)
                refusals.append(
                    Refusal(op=node.op_type, node=node.name, why=error.why, hint=error.hint)
                )
                named = None
            if named:
                name, new = named
                outputs = tuple(node.output)
                applied.append(
                    Applied(rewrite=name, op=node.op_type, node=node.name, outputs=outputs)
                )
            graph.note(new)
            nodes += new
        graph.nodes = nodes
        assemble.bypass(graph)
        fold.fold(graph)
        if len(applied) == before:
            return applied
    last = sorted({a.rewrite for a in applied[before:]})
    raise AssertionError(f"rewrites do not come to an end: {last}")


def rewrite(graph: Graph, node: onnx.NodeProto) -> tuple[str, list[onnx.NodeProto]] | None:
    """Which rewrite applies, and what takes the node's place, of opset 13; None if none does."""
    for candidate in rewrites():
        if node.op_type in candidate.ops and not node.domain:
            new = candidate.function(node, graph)
            if new is not None:
                return candidate.name, new
    return None
