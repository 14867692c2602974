"""RNN, one step after the other: the compiler has no layer for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites import recurrent
from edgebuild.rewrites.example import Example

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("RNN",)
EXAMPLES = {
    "both_ways": Example(
        weights=("w", "r", "b"),
        graph="""g (float[3,1,6] x, float[2,5,6] w, float[2,5,5] r, float[2,10] b)
            => (float[3,2,1,5] y, float[2,1,5] last) {
            y, last = RNN<hidden_size = 5, direction = "bidirectional">(x, w, r, b)
        }""",
    ),
    "relu": Example(
        weights=("w", "r"),
        graph="""g (float[1,1,6] x, float[1,5,6] w, float[1,5,5] r, float[1,1,5] h)
            => (float[1,1,5] last) {
            y, last = RNN<hidden_size = 5, activations = ["Relu"]>(x, w, r, , , h)
        }""",
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The equation of the op, step by step."""

    def step(cell: recurrent.Cell, product: str, state: recurrent.State) -> recurrent.State:
        """H = f(x + h)."""
        recurrence = cell.affine(state[0], cell.r, cell.wb + cell.rb)
        return (cell.activate(0, cell.build.add("Add", product, recurrence)),)

    return recurrent.unroll(node, graph, step, 1, ("Tanh",))
