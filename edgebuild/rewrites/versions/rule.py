"""What carries a node over a boundary between two versions of its op."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from edgebuild.rewrites.graph import Graph
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    Carry: TypeAlias = Callable[[Graph, onnx.NodeProto], list[onnx.NodeProto]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`up` to the newer definition, `down` to the older one.

    Each is given a copy of the node, which it may change, and returns what takes its place, all of
    the opset on the other side of the boundary.
    """

    up: Carry
    down: Carry


def same(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """The node means the same in both versions."""
    return [node]


def refuse(why: str) -> Carry:
    """A direction that cannot be gone."""

    def carry(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        raise RefusedError(why)

    return carry
