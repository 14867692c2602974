"""A model's integer or boolean output ends in a conversion from floating point.

All outputs of a blob are half floats. The compiler converts at some ops, such as ArgMax, but fails
where one that moves or compares integers comes last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

_MOVES = (
    "Concat",
    "Expand",
    "Gather",
    "Reshape",
    "Slice",
    "Squeeze",
    "Tile",
    "Transpose",
    "Unsqueeze",
)
_COMPARES = ("Equal", "Greater", "Less")
OPS = ("ArgMax", "ArgMin", "And", "Not", *_MOVES, *_COMPARES)
EXAMPLES = {
    "class": Example(
        graph="""g (float[1,4,6,5] x) => (int64[1,6,5] y) {
            y = ArgMax<axis = 1, keepdims = 0>(x)
        }""",
        tolerance=0,
    ),
    "moved": Example(
        graph="""g (float[1,4,6,5] x) => (bool[1,6,5,4] y) <float zero = {0}> {
            mask = Greater(x, zero)
            y = Transpose<perm = [0,2,3,1]>(mask)
        }""",
        tolerance=0,
    ),
    "compared": Example(
        graph="""g (float[1,4,6,5] x) => (bool[1,1,6,5] y) <int64 two = {2}> {
            best = ArgMax<axis = 1>(x)
            y = Equal(best, two)
        }""",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The node, then conversions, if it makes an output that is no floating point number."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper

    name = node.output[0]
    if name not in graph.output_names or graph.dtype(name).kind == "f":
        return None
    if node.op_type in _COMPARES and graph.dtype(node.input[0]).kind == "f":
        return None
    build = graph.replace(node)
    kind = graph.dtype(name)
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.output[0] = graph.fresh(name)
    build.nodes.append(copy)
    number = build.add("Cast", copy.output[0], to=TensorProto.FLOAT)
    if kind == np.bool_:
        build.add("Greater", number, np.float32(0.5), out=name)
    else:
        build.add("Cast", number, to=helper.np_dtype_to_tensor_dtype(kind), out=name)
    return build.nodes
