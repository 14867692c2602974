"""Recurrent layers over a static number of steps, written out step by step.

The equations are those of the ONNX definitions of RNN, GRU and LSTM. The product with the input
is taken for all steps at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from edgebuild.rewrites.graph import Builder, attribute, optional
from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Array, Graph

LONGEST = 256  # steps; each is about a dozen nodes

ACTIVATIONS = ("HardSigmoid", "Relu", "Sigmoid", "Softplus", "Softsign", "Tanh")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One direction of a layer. `w` is [gates * hidden, input], `r` [gates * hidden, hidden];
    `wb` and `rb` are the two halves of the bias, `p` the peepholes of an LSTM."""

    build: Builder
    hidden: int
    w: Array
    r: Array
    wb: Array
    rb: Array
    p: Array | None
    activations: tuple[str, ...]
    alphas: tuple[float, ...]
    betas: tuple[float, ...]
    clip: float | None

    def activate(self, index: int, value: str) -> str:
        """Activation number `index`, after clipping to [-clip, clip] if that is asked for."""
        build = self.build
        if self.clip is not None:
            bound = self.w.dtype.type(self.clip)
            value = build.add("Clip", value, -bound, bound)
        name = self.activations[index]
        if name == "HardSigmoid":
            return build.add(name, value, alpha=self.alphas[index], beta=self.betas[index])
        return build.add(name, value)

    def affine(self, value: str, weights: Array, bias: Array) -> str:
        """value [batch, n] times weights^T plus bias."""
        return self.build.add("Gemm", value, weights, bias, transB=1)

    def split(self, value: str, count: int) -> list[str]:
        """The gates of [batch, count * hidden]."""
        return [value] if count == 1 else self.build.many("Split", value, outs=count, axis=1)


if TYPE_CHECKING:
    State: TypeAlias = tuple[str, ...]
    Step: TypeAlias = Callable[[Cell, str, State], State]


def unroll(
    node: onnx.NodeProto, graph: Graph, step: Step, gates: int, defaults: tuple[str, ...]
) -> list[onnx.NodeProto]:
    """All steps of all directions. `step` gives the next state, hidden first, from the product of
    input and weights [batch, gates * hidden], without bias, and the last state.
    """
    import numpy as np

    build = graph.replace(node)
    hidden = attribute(node, "hidden_size")
    x = node.input[0]
    steps, batch, width = graph.shape(x)
    _check(node, graph, steps)
    way = attribute(node, "direction", "forward")
    directions = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}[way]
    states = 2 if node.op_type == "LSTM" else 1
    flat = build.reshape(x, (steps * batch, width))
    hiddens: list[list[str]] = []
    last: list[State] = []
    for d, backwards in enumerate(directions):
        cell = _cell(build, node, d, hidden, gates, defaults)
        state = tuple(_initial(build, node, 5 + k, d, batch, hidden, cell) for k in range(states))
        product = build.add("MatMul", flat, np.ascontiguousarray(cell.w.T))
        pieces = [product] if steps == 1 else build.many("Split", product, outs=steps, axis=0)
        outputs: list[str] = []
        for piece in pieces[::-1] if backwards else pieces:
            state = step(cell, piece, state)
            outputs.append(state[0])
        hiddens.append(outputs[::-1] if backwards else outputs)
        last.append(state)
    _outputs(build, node, hiddens, last, batch, hidden)
    return build.nodes


def _check(node: onnx.NodeProto, graph: Graph, steps: int) -> None:
    if steps > LONGEST:
        raise RefusedError(f"it has {steps} steps; {LONGEST} is the most that is written out")
    lengths = optional(node, 4)
    if lengths:
        value = graph.constant(lengths)
        if value is None or (value != steps).any():
            raise RefusedError("its sequences differ in length")
    for name in node.input[1:4]:
        if name and graph.constant(name) is None:
            raise RefusedError(f"its weights are computed while the model runs (`{name}`)")


def _cell(
    build: Builder,
    node: onnx.NodeProto,
    direction: int,
    hidden: int,
    gates: int,
    defaults: tuple[str, ...],
) -> Cell:
    import numpy as np

    constants = build.graph.constants
    w, r = (constants[name][direction] for name in node.input[1:3])
    bias = np.zeros((2, gates * hidden), w.dtype)
    if optional(node, 3):
        bias = constants[node.input[3]][direction].reshape(2, -1)
    peepholes = optional(node, 7)
    count = len(defaults)
    names = [
        str(n.decode() if isinstance(n, bytes) else n) for n in attribute(node, "activations", [])
    ]
    names = names[direction * count : (direction + 1) * count] or list(defaults)
    unknown = sorted(set(names) - set(ACTIVATIONS))
    if unknown:
        raise RefusedError(f"its activation {', '.join(unknown)} is not handled")
    alphas = list(attribute(node, "activation_alpha", []))
    betas = list(attribute(node, "activation_beta", []))
    if (alphas or betas) and set(names) != {"HardSigmoid"}:
        raise RefusedError("parameters of its activations are not handled")
    return Cell(
        build=build,
        hidden=hidden,
        w=w,
        r=r,
        wb=bias[0],
        rb=bias[1],
        p=constants[peepholes][direction] if peepholes else None,
        activations=tuple(names),
        alphas=tuple(alphas[direction * count :] or [0.2] * count),
        betas=tuple(betas[direction * count :] or [0.5] * count),
        clip=attribute(node, "clip"),
    )


def _initial(
    build: Builder,
    node: onnx.NodeProto,
    index: int,
    direction: int,
    batch: int,
    hidden: int,
    cell: Cell,
) -> str:
    """The state before the first step, [batch, hidden]: zeros where none is given."""
    import numpy as np

    name = optional(node, index)
    if not name:
        return build.constant(np.zeros((batch, hidden), cell.w.dtype))
    value = build.graph.constant(name)
    if value is not None:
        return build.constant(value[direction])
    if build.graph.shape(name)[0] > 1:
        bounds = (np.array([v]) for v in (direction, direction + 1, 0))
        name = build.add("Slice", name, *bounds)
    return build.reshape(name, (batch, hidden))


def _outputs(
    build: Builder,
    node: onnx.NodeProto,
    hiddens: list[list[str]],
    last: list[State],
    batch: int,
    hidden: int,
) -> None:
    """Y [steps, directions, batch, hidden], then the last states [directions, batch, hidden]."""
    names = [*node.output, "", "", ""][: 1 + len(last[0])]
    count, steps = len(hiddens), len(hiddens[0])
    rows = [hiddens[d][t] for t in range(steps) for d in range(count)]
    whole: tuple[int, ...] = (steps, count, batch, hidden)
    wanted = [(names[0], rows, whole)]
    for k, name in enumerate(names[1:]):
        wanted.append((name, [state[k] for state in last], (count, batch, hidden)))
    for name, parts, shape in wanted:
        if name:
            joined = parts[0] if len(parts) == 1 else build.add("Concat", *parts, axis=0)
            build.reshape(joined, shape, out=name)
