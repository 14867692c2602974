"""Bounds of values that hold whatever the inputs are: interval arithmetic, element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.rewrites import evaluate
from edgebuild.rewrites.graph import FORM_OPSET, Graph, attribute, optional

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]
    Bounds: TypeAlias = tuple[Array, Array]

# Ops that only move elements: what they do to the bounds is what they do to the values.
_MOVES = """
Concat Expand Flatten Gather Identity Reshape Slice Split Squeeze Tile Transpose Unsqueeze
"""
MOVES = frozenset(_MOVES.split())
# Ops whose results never fall where an input rises.
_RISING_OPS = "Ceil Clip Elu Exp Floor HardSigmoid Max Min Relu Round Sigmoid Softsign Tanh"
_RISING = frozenset(_RISING_OPS.split())
_LIMITS = {
    "Tanh": (-1.0, 1.0),
    "Sigmoid": (0.0, 1.0),
    "HardSigmoid": (0.0, 1.0),
    "Softsign": (-1.0, 1.0),
    "Sin": (-1.0, 1.0),
    "Cos": (-1.0, 1.0),
    "Erf": (-1.0, 1.0),
    "Softmax": (0.0, 1.0),
    "Relu": (0.0, float("inf")),
    "Exp": (0.0, float("inf")),
    "Abs": (0.0, float("inf")),
    "Sqrt": (0.0, float("inf")),
}


def bounds(graph: Graph, name: str) -> Bounds:
    """Least and largest value of each element of `name`, float64, in its whole shape.

    Infinite where nothing is known. Inputs of the model may be anything.
    """
    return _Search(graph).of(name)


class _Search:
    """Remembers what was found, as a value may be read many times."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.found: dict[str, Bounds] = {}

    def of(self, name: str) -> Bounds:
        import numpy as np

        if name not in self.found:
            constant = self.graph.constant(name)
            if constant is not None:
                exact = constant.astype(np.float64)
                self.found[name] = exact, exact
            elif name in self.graph.makers:
                self._made(self.graph.makers[name])
            else:
                self.found[name] = self._anything(name)
        return self.found[name]

    def _anything(
        self, name: str, low: float = -float("inf"), high: float = float("inf")
    ) -> Bounds:
        import numpy as np

        shape = self.graph.shape(name)
        return np.full(shape, low), np.full(shape, high)

    def _made(self, node: onnx.NodeProto) -> None:
        import numpy as np

        rule = _RULES.get(node.op_type)
        if node.op_type in MOVES:
            lows, highs = (self._moved(node, side) for side in (0, 1))
            for name, low, high in zip(filter(None, node.output), lows, highs, strict=True):
                self.found[name] = low, high
            return
        name = node.output[0]
        if rule is not None:
            result = rule([self.of(i) for i in node.input])
        elif node.op_type in _RISING:
            result = self._rising(node)
        else:
            result = self._anything(name)
        low, high = _LIMITS.get(node.op_type, (-np.inf, np.inf))
        self.found[name] = np.clip(result[0], low, high), np.clip(result[1], low, high)
        for other in node.output[1:]:
            self.found[other] = self._anything(other)

    def _moved(self, node: onnx.NodeProto, side: int) -> list[Array]:
        """The op on the lower (0) or upper (1) bounds; its parameters are constants."""
        data = len(node.input) if node.op_type == "Concat" else 1
        inputs = []
        for k, name in enumerate(filter(None, node.input)):
            inputs.append(self.of(name)[side] if k < data else self.graph.constants[name])
        return evaluate.node(node, inputs, FORM_OPSET)

    def _rising(self, node: onnx.NodeProto) -> Bounds:
        """The op on the bounds of all its inputs: none of them falls where an input rises."""
        import numpy as np

        if node.op_type == "Clip" and any(
            name and self.graph.constant(name) is None for name in node.input[1:]
        ):
            return self._anything(node.output[0])
        if node.op_type in ("Max", "Min"):
            join = np.maximum if node.op_type == "Max" else np.minimum
            lows, highs = zip(*(self.of(i) for i in node.input), strict=True)
            return _fold(join, lows), _fold(join, highs)
        if node.op_type == "Clip":
            x, least, most = (optional(node, k) for k in range(3))
            low = self.graph.constants[least] if least else -np.inf
            high = self.graph.constants[most] if most else np.inf
            return tuple(np.clip(b, low, high) for b in self.of(x))
        if node.op_type == "Elu" and attribute(node, "alpha", 1.0) < 0:
            return self._anything(node.output[0])
        low, high = (
            evaluate.node(node, [bound.astype(np.float32)], FORM_OPSET)[0].astype(np.float64)
            for bound in self.of(node.input[0])
        )
        slack = np.spacing(np.float32(4))  # of computing in float32, relative and absolute
        return low - slack * (1 + abs(low)), high + slack * (1 + abs(high))


def _fold(join: Callable[[Array, Array], Array], arrays: Any) -> Array:
    result: Array = arrays[0]
    for array in arrays[1:]:
        result = join(result, array)
    return result


def _add(inputs: list[Bounds]) -> Bounds:
    (a, b), (c, d) = inputs
    return a + c, b + d


def _sub(inputs: list[Bounds]) -> Bounds:
    (a, b), (c, d) = inputs
    return a - d, b - c


def _neg(inputs: list[Bounds]) -> Bounds:
    ((a, b),) = inputs
    return -b, -a


def _mul(inputs: list[Bounds]) -> Bounds:
    import numpy as np

    (a, b), (c, d) = inputs
    with np.errstate(invalid="ignore"):
        corners = [
            np.nan_to_num(p, nan=0.0, posinf=np.inf, neginf=-np.inf)
            for p in (a * c, a * d, b * c, b * d)
        ]
    return _fold(np.minimum, corners), _fold(np.maximum, corners)


def _div(inputs: list[Bounds]) -> Bounds:
    import numpy as np

    (a, b), (c, d) = inputs
    with np.errstate(divide="ignore", invalid="ignore"):
        safe = (c > 0) | (d < 0)
        low, high = _mul([(a, b), (1 / d, 1 / c)])
    return np.where(safe, low, -np.inf), np.where(safe, high, np.inf)


_RULES: dict[str, Callable[[list[Bounds]], Bounds]] = {
    "Add": _add,
    "Sub": _sub,
    "Mul": _mul,
    "Div": _div,
    "Neg": _neg,
}
