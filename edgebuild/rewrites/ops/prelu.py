"""PRelu with slopes that are computed, or one for each element, as relu(x) - slope * relu(-x).

The compiler's own stage takes constants only, one a channel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("PRelu",)
EXAMPLES = {
    "elements": Example(
        weights=("s",),
        graph="g (float[1,4,6,5] x, float[4,6,5] s) => (float[1,4,6,5] y) { y = PRelu(x, s) }",
        tolerance=0,
    ),
    "computed": Example(
        graph="""g (float[1,4,6,5] x) => (float[1,4,6,5] y) {
            s = Tanh(x)
            y = PRelu(x, s)
        }""",
        tolerance=0,
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """relu(x) - slope * relu(-x), unless the slopes are constants, one a channel."""
    x, slope = node.input
    shape, slopes = graph.shape(x), graph.shape(slope)
    if graph.constant(slope) is not None:
        whole = (1,) * (len(shape) - len(slopes)) + slopes
        per_channel = all(size == 1 for k, size in enumerate(whole) if k != 1)
        if per_channel:
            return None
    build = graph.replace(node)
    below = build.add("Relu", build.add("Neg", x))
    build.add("Sub", build.add("Relu", x), build.add("Mul", slope, below), out=node.output[0])
    return build.nodes
