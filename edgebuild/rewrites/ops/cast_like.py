"""CastLike as Cast: the compiler's reader ends at opset 13, where the op does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("CastLike",)
EXAMPLES = {
    "to_float": Example(
        opset=15,
        graph="""g (float[1,4,6,5] x) => (float[1,4,6,5] y) <float zero = {0}> {
            mask = Greater(x, zero)
            number = CastLike(mask, x)
            y = Mul(number, x)
        }""",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """A Cast to the type of the second input."""
    from onnx import helper

    build = graph.replace(node)
    to = helper.np_dtype_to_tensor_dtype(graph.dtype(node.input[1]))
    build.add("Cast", node.input[0], to=to, out=node.output[0])
    return build.nodes
