"""Or and Xor by And, Not and Equal: the compiler's own stages for the two want other types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites.example import Example

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("Or", "Xor")
EXAMPLES = {
    op: Example(
        graph=f"""g (float[1,4,6,5] x) => (float[1,4,6,5] y)
            <float zero = {{0}}, float one = {{1}}> {{
            a = Greater(x, zero)
            b = Greater(x, one)
            mask = {op}(a, b)
            y = Cast<to = 1>(mask)
        }}""",
        tolerance=0,
    )
    for op in OPS
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """Or by de Morgan; Xor as not equal."""
    build = graph.replace(node)
    a, b = node.input
    if node.op_type == "Or":  # de Morgan
        neither = build.add("And", build.add("Not", a), build.add("Not", b))
        build.add("Not", neither, out=node.output[0])
    else:
        numbers = [build.add("Cast", value, to=1) for value in (a, b)]
        build.add("Not", build.add("Equal", *numbers), out=node.output[0])
    return build.nodes
