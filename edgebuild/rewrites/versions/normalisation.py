"""BatchNormalization: what opsets 9 and 14 changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.graph import Graph, attribute, without
from edgebuild.rewrites.refused import RefusedError
from edgebuild.rewrites.versions.added import drop

if TYPE_CHECKING:
    import onnx


def spatial(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """One mean a channel is the only form that is left since opset 9."""
    if attribute(node, "spatial", 1) != 1:
        raise RefusedError("it has one mean for each element of an image (`spatial` is 0)")
    without(node, "spatial")
    return inference(graph, node)


def inference(graph: Graph, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Only the first output has a meaning when a model is used, in all versions."""
    if any(graph.readers(name) for name in node.output[1:] if name):
        raise RefusedError("its running mean and variance are read, which is for training only")
    del node.output[1:]
    drop(node, training_mode=0)
    return [node]
