"""How many operations an ONNX node takes: multiply-accumulates, and others beside them.

Multiply-accumulates are counted as `torch.utils.flop_counter` counts them (its figure is twice ours): those
of convolutions and products (those with a vector, which it leaves out, too), at every position, the padded ones
as well; biases are not counted. Of a transposed
convolution they are those of its input's values, without zeros put in. A recurrent layer is the sum of its
products, as torch decomposes it.

The other operations are counted by the rules of pytorch-OpCounter (thop 0.1): a normalisation takes four a
value (minus the mean, by the deviation, times the scale, plus the shift), a Softmax three, pooling and
resizing what they add up, a Relu none. Its total is the sum of both counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import onnx

    Shapes: TypeAlias = Callable[[str], tuple[int, ...]]


def macs(node: onnx.NodeProto, shapes: Shapes) -> int | None:
    """Multiply-accumulates of a node, given the shape of each of its values; None = no count is known."""
    if node.domain not in ("", "ai.onnx") or node.op_type in _NO_COUNT or _has_graph(node):
        return None
    return _MACS[node.op_type](node, shapes) if node.op_type in _MACS else 0


def other_ops(node: onnx.NodeProto, shapes: Shapes) -> int:
    """Operations of a node that are no multiply-accumulates."""
    op = node.op_type
    if op in _PER_VALUE:
        return _PER_VALUE[op] * math.prod(shapes(node.output[0]))
    if op in ("Softmax", "LogSoftmax"):
        shape = shapes(node.output[0])
        axis = _attributes(node).get("axis", -1)
        return 3 * math.prod(shape) - math.prod(shape) // (shape[axis] if shape else 1)
    if op in ("GlobalAveragePool", "ReduceMean", "ReduceSum"):
        return math.prod(shapes(node.input[0])) + math.prod(shapes(node.output[0]))
    if op in ("Resize", "Upsample"):
        return _resized(node, shapes)
    return 0


def dense(node: onnx.NodeProto, shapes: Shapes) -> tuple[int, int]:
    """Of a transposed convolution done as a convolution of stride 1 over an input with zeros put in
    between its values and around them: multiply-accumulates, and values of that input; else 0, 0."""
    if node.op_type != "ConvTranspose":
        return 0, 0
    weight, out = shapes(node.input[1]), shapes(node.output[0])
    groups = _attributes(node).get("group", 1)
    dilations = _attributes(node).get("dilations") or [1] * (len(weight) - 2)
    reach = [(k - 1) * d for k, d in zip(weight[2:], dilations, strict=True)]
    size = math.prod(o + r for o, r in zip(out[2:], reach, strict=True))
    per_value = math.prod(weight[2:]) * weight[0] // groups
    return math.prod(out) * per_value, out[0] * weight[0] * size


def _conv(node: onnx.NodeProto, shapes: Shapes, weight: int = 1) -> int:
    """Each value of the output is a sum over a kernel of its group's channels."""
    return math.prod(shapes(node.output[0])) * math.prod(shapes(node.input[weight])[1:])


def _conv_transpose(node: onnx.NodeProto, shapes: Shapes) -> int:
    """Each value of the input goes through a kernel to its group's channels."""
    return math.prod(shapes(node.input[0])) * math.prod(shapes(node.input[1])[1:])


def _gemm(node: onnx.NodeProto, shapes: Shapes) -> int:
    depth = shapes(node.input[0])[0 if _attributes(node).get("transA") else 1]
    return math.prod(shapes(node.output[0])) * depth


def _product(node: onnx.NodeProto, shapes: Shapes) -> int:
    return math.prod(shapes(node.output[0])) * shapes(node.input[0])[-1]


def _recurrent(node: onnx.NodeProto, shapes: Shapes) -> int:
    """At each step of each sequence, input and state go through their matrices."""
    steps = math.prod(shapes(node.input[0])[:2])
    return steps * sum(math.prod(shapes(name)) for name in node.input[1:3])


def _einsum(node: onnx.NodeProto, shapes: Shapes) -> int:
    """As torch does it: operands are multiplied pair by pair from the left, after what only one of them has
    was summed up; where a pair has nothing to sum up, its values are only multiplied."""
    text = _attributes(node)["equation"].decode().replace(" ", "")
    given, arrow, result = text.partition("->")
    pairs = zip(given.split(","), node.input, strict=True)
    terms = [_labelled(term, shapes(name)) for term, name in pairs]
    if arrow:
        kept = {x for x in result if x != "."}
        kept |= (
            {x for term in terms for x in term if x.startswith(".")} if "..." in result else set()
        )
    else:
        kept = {x for x in given if given.count(x) == 1}
        kept |= {x for term in terms for x in term if x.startswith(".")}
    left, total = terms[0], 0
    for place, right in enumerate(terms[1:], 2):
        needed = kept.union(*terms[place:])
        summed = left.keys() & right.keys() - needed
        sizes = {x: max(left.get(x, 1), right.get(x, 1)) for x in {*left, *right}}
        left = {x: n for x, n in sizes.items() if x in needed}
        if summed:
            total += math.prod(left.values()) * math.prod(sizes[x] for x in summed)
    return total


def _labelled(term: str, shape: tuple[int, ...]) -> dict[str, int]:
    """Sizes by the labels of an operand; those that `...` stands for are counted from the last."""
    before, dots, after = term.partition("...")
    rest = len(shape) - len(before) - len(after)
    hidden = [f".{rest - i}" for i in range(rest)] if dots else []
    return dict(zip([*before, *hidden, *after], shape, strict=True))


_MACS: Mapping[str, Callable[[Any, Shapes], int]] = {
    "Conv": _conv,
    "ConvInteger": _conv,
    "DeformConv": _conv,
    "QLinearConv": lambda node, shapes: _conv(node, shapes, 3),
    "ConvTranspose": _conv_transpose,
    "Gemm": _gemm,
    "MatMul": _product,
    "MatMulInteger": _product,
    "QLinearMatMul": _product,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
    "Einsum": _einsum,
}
PRODUCTS = frozenset(_MACS)
# Ops that multiply and accumulate, or run others, and that are not counted yet.
_NO_COUNT = frozenset(
    {"Attention", "CausalConvWithState", "DFT", "Det", "ImageDecoder", "LinearAttention", "STFT"}
)
_PER_VALUE: Mapping[str, int] = {
    **dict.fromkeys(
        (
            "BatchNormalization", "InstanceNormalization", "LayerNormalization",
            "GroupNormalization", "RMSNormalization", "MeanVarianceNormalization",
        ), 4
    ),
    **dict.fromkeys(
        (
            "Add", "Sub", "Mul", "Div", "Pow", "Sqrt", "Exp", "Log", "Tanh", "Sigmoid", "Erf",
            "LeakyRelu", "PRelu", "AveragePool", "Sum", "Reciprocal", "Neg", "Abs",
        ), 1
    ),
}  # fmt: skip
_RESIZED = {b"nearest": {}, b"linear": {1: 5, 2: 11, 3: 31}, b"cubic": {2: 259}}


def _resized(node: onnx.NodeProto, shapes: Shapes) -> int:
    """One a value for the nearest; 5, 11 or 31 for linear in 1, 2 or 3 dimensions; 259 for cubic."""
    before, after = shapes(node.input[0]), shapes(node.output[0])
    grown = sum(a != b for a, b in zip(before, after, strict=True))
    per_value = _RESIZED.get(_attributes(node).get("mode", b"nearest"), {}).get(grown, 1)
    return per_value * math.prod(after)


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    import onnx

    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def _has_graph(node: onnx.NodeProto) -> bool:
    return any(a.HasField("g") or len(a.graphs) for a in node.attribute)
