"""LSTM in a form the compiler has no layer for, one step after the other.

It reads the plain LSTM: batch 1, default activations, whole sequences, all three outputs read. It
fails where an output is not read, and drops peepholes, coupled gates and the like without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites import recurrent
from edgebuild.rewrites.example import Example
from edgebuild.rewrites.graph import attribute, optional
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Graph

OPS = ("LSTM",)
DEFAULTS = ("Sigmoid", "Tanh", "Tanh")
EXAMPLES = {
    "peepholes": Example(
        weights=("w", "r", "b", "p"),
        graph="""g (float[2,1,6] x, float[1,20,6] w, float[1,20,5] r, float[1,40] b,
                    float[1,1,5] h, float[1,1,5] c, float[1,15] p)
            => (float[2,1,1,5] y, float[1,1,5] yh, float[1,1,5] yc) {
            y, yh, yc = LSTM<hidden_size = 5>(x, w, r, b, , h, c, p)
        }""",
    ),
    "batch": Example(
        weights=("w", "r", "b"),
        graph="""g (float[3,2,6] x, float[2,20,6] w, float[2,20,5] r, float[2,40] b)
            => (float[3,2,2,5] y) {
            y = LSTM<hidden_size = 5, direction = "bidirectional">(x, w, r, b)
        }""",
    ),
    "coupled": Example(
        weights=("w", "r", "b"),
        graph="""g (float[3,1,6] x, float[1,20,6] w, float[1,20,5] r, float[1,40] b)
            => (float[3,1,1,5] y) {
            y = LSTM<hidden_size = 5, input_forget = 1, clip = 0.7>(x, w, r, b)
        }""",
    ),
    "activations": Example(
        weights=("w", "r", "b"),
        graph="""g (float[3,1,6] x, float[1,20,6] w, float[1,20,5] r, float[1,40] b)
            => (float[3,1,1,5] y) {
            y = LSTM<hidden_size = 5, activations = ["HardSigmoid", "Tanh", "Relu"]>(x, w, r, b)
        }""",
    ),
    "unread": Example(
        weights=("w", "r", "b"),
        graph="""g (float[3,1,6] x, float[1,20,6] w, float[1,20,5] r, float[1,40] b)
            => (float[3,1,1,5] y) {
            y = LSTM<hidden_size = 5, direction = "reverse">(x, w, r, b)
        }""",
    ),
}


def rewrite(node: onnx.NodeProto, graph: Graph) -> list[onnx.NodeProto] | None:
    """The equations of the op, step by step, unless the compiler reads the node."""
    return None if _is_plain(node, graph) else recurrent.unroll(node, graph, _step, 4, DEFAULTS)


def _is_plain(node: onnx.NodeProto, graph: Graph) -> bool:
    given = [
        str(n.decode() if isinstance(n, bytes) else n) for n in attribute(node, "activations", [])
    ]
    return (
        len(node.output) == 3
        and all(name and graph.readers(name) for name in node.output)
        and not optional(node, 4)
        and not optional(node, 7)
        and all(name == DEFAULTS[k % 3] for k, name in enumerate(given))
        and attribute(node, "clip") is None
        and not attribute(node, "input_forget", 0)
        and graph.shape(node.input[0])[1] == 1
    )


def _step(cell: recurrent.Cell, product: str, state: recurrent.State) -> recurrent.State:
    """i, o, f, c by gates of the input and the state; C' = f.C + i.c, H' = o.h(C')."""
    build, (h, c) = cell.build, state
    if cell.clip is not None and cell.p is not None:
        raise RefusedError("clipping with peepholes is not handled")
    total = build.add("Add", product, cell.affine(h, cell.r, cell.wb + cell.rb))
    i, o, f, new = cell.split(total, 4)
    peeps = [None] * 3 if cell.p is None else list(cell.p.reshape(3, -1))
    if peeps[0] is not None:
        i = build.add("Add", i, build.add("Mul", c, peeps[0]))
        f = build.add("Add", f, build.add("Mul", c, peeps[2]))
    i = cell.activate(0, i)
    coupled = attribute(build.node, "input_forget", 0)
    f = build.add("Sub", cell.w.dtype.type(1), i) if coupled else cell.activate(0, f)
    new = cell.activate(1, new)
    c = build.add("Add", build.add("Mul", f, c), build.add("Mul", i, new))
    if peeps[1] is not None:
        o = build.add("Add", o, build.add("Mul", c, peeps[1]))
    o = cell.activate(0, o)
    return build.add("Mul", o, cell.activate(2, c)), c
