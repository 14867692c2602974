"""Cast to bool as not equal to zero: the compiler would only convert, so 0.5 would not be true.

A Cast to the type the value has is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Cast",)
EXAMPLES = {
    "to_bool": Example(
        graph="""g (float[1,4,6,5] x) => (float[1,4,6,5] y) {
            relu = Relu(x)
            mask = Cast<to = 9>(relu)
            y = Cast<to = 1>(mask)
        }""",
        tolerance=0,
    ),
    "same_type": Example(
        graph="""g (float[1,4] x) => (float[1,4] y) {
            relu = Relu(x)
            same = Cast<to = 1>(relu)
            y = Neg(same)
        }""",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """Not equal to zero for bool, nothing for the type it has."""
    from onnx import TensorProto, helper

    (x,) = node.input
    has, to = graph.dtype(x), attribute(node, "to")
    build = graph.replace(node)
    if helper.np_dtype_to_tensor_dtype(has) == to:
        build.add("Identity", x, out=node.output[0])
    elif to == TensorProto.BOOL:
        zero = build.add("Equal", x, build.like(x, 0))
        build.add("Not", zero, out=node.output[0])
    else:
        return None
    return build.nodes
