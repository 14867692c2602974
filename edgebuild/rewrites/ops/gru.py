"""GRU, one step after the other: the compiler has no layer for a GRU over a sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites import recurrent
from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("GRU",)
EXAMPLES = {
    "sequence": Example(
        weights=("w", "r", "b", "h"),
        graph="""g (float[4,1,6] x, float[1,15,6] w, float[1,15,5] r, float[1,30] b, float[1,1,5] h)
            => (float[4,1,1,5] y, float[1,1,5] last) {
            y, last = GRU<hidden_size = 5>(x, w, r, b, , h)
        }""",
    ),
    "reset_after": Example(
        weights=("w", "r", "b"),
        graph="""g (float[1,1,6] x, float[1,15,6] w, float[1,15,5] r, float[1,30] b, float[1,1,5] h)
            => (float[1,1,1,5] y, float[1,1,5] last) {
            y, last = GRU<hidden_size = 5, linear_before_reset = 1>(x, w, r, b, , h)
        }""",
    ),
    "both_ways": Example(
        weights=("w", "r", "b"),
        graph="""g (float[3,2,6] x, float[2,15,6] w, float[2,15,5] r, float[2,30] b)
            => (float[3,2,2,5] y) {
            y = GRU<hidden_size = 5, direction = "bidirectional", clip = 0.8>(x, w, r, b)
        }""",
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The equations of the op, step by step."""
    reset_after = bool(attribute(node, "linear_before_reset", 0))

    def step(cell: recurrent.Cell, product: str, state: recurrent.State) -> recurrent.State:
        """z = f(xz + hz), r = f(xr + hr), h' = g(xh + r.hh), H = (1 - z).h' + z.H."""
        build, hidden, (h,) = cell.build, cell.hidden, state
        gates = 2 * hidden
        xzr, xh = _parts(cell, product)
        hzr = cell.affine(h, cell.r[:gates], (cell.wb + cell.rb)[:gates])
        zr = cell.activate(0, build.add("Add", xzr, hzr))
        z, r = cell.split(zr, 2)
        if reset_after:
            inner = build.add("Mul", r, cell.affine(h, cell.r[gates:], cell.rb[gates:]))
            inner = build.add("Add", inner, cell.wb[gates:])
        else:
            bias = (cell.wb + cell.rb)[gates:]
            inner = cell.affine(build.add("Mul", r, h), cell.r[gates:], bias)
        new = cell.activate(1, build.add("Add", xh, inner))
        rest = build.add("Sub", cell.w.dtype.type(1), z)
        return (build.add("Add", build.add("Mul", rest, new), build.add("Mul", z, h)),)

    return recurrent.unroll(node, graph, step, 3, ("Sigmoid", "Tanh"))


def _parts(cell: recurrent.Cell, product: str) -> tuple[str, str]:
    """Update and reset gate together, and the new state."""
    import numpy as np

    sizes = np.array([2 * cell.hidden, cell.hidden], np.int64)
    first, second = cell.build.many("Split", product, sizes, outs=2, axis=1)
    return first, second
