"""GreaterOrEqual as not Less, LessOrEqual as not Greater: the reader fails on the two.

The same but for NaN, which the op calls neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("GreaterOrEqual", "LessOrEqual")
_OPPOSITE = {"GreaterOrEqual": "Less", "LessOrEqual": "Greater"}
EXAMPLES = {
    op: Example(
        graph=f"""g (float[1,4,6,5] x) => (float[1,4,6,5] y) <float zero = {{0}}> {{
            rounded = Round(x)
            mask = {op}(rounded, zero)
            y = Cast<to = 1>(mask)
        }}""",
        tolerance=0,
    )
    for op in OPS
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The opposite comparison, negated."""
    build = graph.replace(node)
    opposite = build.add(_OPPOSITE[node.op_type], *node.input)
    build.add("Not", opposite, out=node.output[0])
    return build.nodes
