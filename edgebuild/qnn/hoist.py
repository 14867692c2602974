"""Moves Relu and Clip in front of ops that only move or select values, which changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.formats import onnx_canonical

if TYPE_CHECKING:
    import onnx

# f(op(x)) = op(f(x)) for every rising f that works on single values: these ops only select or
# move. On the HTP they need equal scales before and after, and a Relu folded into
# their output would give it another one; in front of them it folds into the op that computes.
# (Resize is one too, where it takes the nearest value.)
_MOVERS = frozenset(
    {
        "DepthToSpace",
        "Flatten",
        "MaxPool",
        "Reshape",
        "Slice",
        "SpaceToDepth",
        "Squeeze",
        "Transpose",
        "Unsqueeze",
    }
)
_RISING = frozenset({"Clip", "Relu"})
# Ops whose result the HTP clips to the range of their output, as a folded Relu needs. Of others it
# either demands equal scales (Gather, Resize) or wraps around (Concat of padded inputs).
_FOLD_INTO = frozenset(
    {
        "Add",
        "BatchNormalization",
        "Conv",
        "ConvTranspose",
        "Div",
        "Gemm",
        "GlobalAveragePool",
        "InstanceNormalization",
        "LayerNormalization",
        "LeakyRelu",
        "MatMul",
        "Mul",
        "PRelu",
        "ReduceMean",
        "Sub",
    }
)


def hoist_activations(graph: onnx.GraphProto) -> int:
    """How many moves were made in `graph`. Types of its values have to be inferred anew."""
    moves = 0
    while _move_one(graph):
        moves += 1
    return moves


def unfoldable(graph: onnx.GraphProto) -> frozenset[str]:
    """Names of the Relu and Clip nodes that must not become part of the op before them."""
    makers = {name: node.op_type for node in graph.node for name in node.output}
    return frozenset(
        node.name
        for node in graph.node
        if node.op_type in _RISING and makers.get(node.input[0]) not in _FOLD_INTO
    )


def _move_one(graph: onnx.GraphProto) -> bool:
    nodes = list(graph.node)
    place = {name: i for i, node in enumerate(nodes) for name in node.output if name}
    reads: dict[str, int] = {value.name: 1 for value in graph.output}
    for node in nodes:
        for name in (*node.input, *onnx_canonical.captured(node)):
            reads[name] = reads.get(name, 0) + 1
    for i, act in enumerate(nodes):
        if act.op_type not in _RISING or act.domain or act.input[0] not in place:
            continue
        j = place[act.input[0]]
        mover = nodes[j]
        middle = act.input[0]
        if _moves(mover) and list(mover.output) == [middle] and reads[middle] == 1:
            act.input[0], mover.input[0] = mover.input[0], middle
            mover.output[0], act.output[0] = act.output[0], middle
            order = [*nodes[:j], act, mover, *nodes[j + 1 : i], *nodes[i + 1 :]]
            onnx_canonical.replace(graph.node, order)
            return True
    return False


def _moves(node: onnx.NodeProto) -> bool:
    if node.op_type == "Resize":
        mode = next((a.s for a in node.attribute if a.name == "mode"), b"nearest")
        return mode == b"nearest"
    return node.op_type in _MOVERS and not node.domain
