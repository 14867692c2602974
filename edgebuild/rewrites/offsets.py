"""Takes a value apart into a constant and the rest, so that the constant never meets half floats.

A sampling grid is pixel coordinates plus a small flow. Near the right edge of a wide image a half
float can hold the sum to a sixteenth of a pixel only, but the flow itself well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites import evaluate
from edgebuild.rewrites.graph import FORM_OPSET, Builder
from edgebuild.rewrites.intervals import MOVES

if TYPE_CHECKING:
    import onnx

    from edgebuild.rewrites.graph import Array


def split(build: Builder, name: str) -> tuple[Array, str | None]:
    """`name` = constant + rest: the constant (float64, whole shape) and the name of the rest.

    The rest is None where there is none. Looks through Add, Sub, Neg, Mul and Div with constants,
    and through ops that only move elements; makes the nodes that the rest needs.
    """
    import numpy as np

    graph = build.graph
    constant = graph.constant(name)
    if constant is not None:
        return constant.astype(np.float64), None
    node = graph.makers.get(name)
    zero = np.zeros(graph.shape(name))
    if node is None:
        return zero, name
    if node.op_type in ("Add", "Sub"):
        return _sum(build, node, zero)
    if node.op_type == "Neg":
        base, rest = split(build, node.input[0])
        return -base, rest and build.add("Neg", rest)
    if node.op_type in ("Mul", "Div"):
        return _scaled(build, node, name, zero)
    if node.op_type in MOVES - {"Split"}:
        return _moved(build, node)
    return zero, name


def _sum(build: Builder, node: onnx.NodeProto, zero: Array) -> tuple[Array, str | None]:
    sign = 1 if node.op_type == "Add" else -1
    (a, left), (b, right) = (split(build, name) for name in node.input)
    base = zero + a + sign * b
    if left and right:
        return base, build.add(node.op_type, left, right)
    rest = left or (right if sign == 1 or right is None else build.add("Neg", right))
    return base, rest and _whole(build, rest, node, zero)


def _whole(build: Builder, rest: str, node: onnx.NodeProto, zero: Array) -> str:
    """The rest in the shape of the sum: the constant may have been what made it larger."""
    import numpy as np

    shapes = [build.graph.shape(name) for name in node.input]
    if all(shape == zero.shape for shape in shapes):
        return rest
    return build.add("Expand", rest, np.array(zero.shape, np.int64))


def _scaled(
    build: Builder, node: onnx.NodeProto, name: str, zero: Array
) -> tuple[Array, str | None]:
    first, second = (build.graph.constant(i) for i in node.input)
    if second is not None:
        base, rest = split(build, node.input[0])
        scaled = base * second if node.op_type == "Mul" else base / second
        return zero + scaled, rest and build.add(node.op_type, rest, second)
    if first is not None and node.op_type == "Mul":
        base, rest = split(build, node.input[1])
        return zero + base * first, rest and build.add("Mul", rest, first)
    return zero, name


def _moved(build: Builder, node: onnx.NodeProto) -> tuple[Array, str | None]:
    import numpy as np

    data = len(node.input) if node.op_type == "Concat" else 1
    parts = [split(build, name) for name in node.input[:data]]
    rest_of = [build.graph.constants[name] for name in node.input[data:] if name]
    (base,) = evaluate.node(node, [base for base, _ in parts] + rest_of, FORM_OPSET)
    if all(rest is None for _, rest in parts):
        return base, None
    kind = build.graph.dtype(node.output[0])
    from onnx import helper

    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    inputs = [rest or np.zeros(part.shape, kind) for part, rest in parts]
    moved = build.add(node.op_type, *inputs, *node.input[data:], **attributes)
    return base, moved
