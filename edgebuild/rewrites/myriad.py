"""What the MyriadX compiler of OpenVINO 2021.4.2 reads, and what it does not, with the reason.

Each line was tried with the compiler itself, and the reader's understanding compared with ONNX
Runtime through its CPU plugin. What the compiler takes and gets wrong is as bad as what it
refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from edgebuild.rewrites.graph import Graph, attribute, optional
from edgebuild.rewrites.refused import Refusal, RefusedError

if TYPE_CHECKING:
    import onnx

_READ = """
Add And ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Celu Clip Concat Conv ConvTranspose
DepthToSpace Div Elu Equal Erf Exp Expand Flatten Floor Gather GatherElements GatherND Gemm
GlobalAveragePool GlobalLpPool GlobalMaxPool Greater Hardmax Identity InstanceNormalization LRN
LSTM LeakyRelu Less Log LogSoftmax LpNormalization MatMul Max MaxPool Mean Min Mul Neg Not OneHot
PRelu Pad Pow Reciprocal ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
ReduceSum ReduceSumSquare Relu Reshape Resize Round ScatterElements Shrink Sigmoid Slice Softmax
Softplus SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh ThresholdedRelu Tile TopK Transpose
Unsqueeze Where
"""
READ = frozenset(_READ.split())

_NO_LAYER = "the compiler has no layer for it, and it has no exact form in ops that it has"
_OPEN_SIZE = "the size of what it makes is not known before the model runs"
_CONTROL = "control flow is not read"
_RANDOM = "random values are not read"
_INTEGER = "the compiler computes in half floats; integer tensors are for indices only"

_FLOAT_ONLY = "the compiler takes float models only: it rounds to half floats itself"

_UNREAD = {
    _NO_LAYER: """Acos Acosh Asin Asinh Atan Atanh Cos Cosh DeformConv Det IsInf IsNaN MaxRoiPool
        MaxUnpool MeanVarianceNormalization Mod ReduceProd ReverseSequence RoiAlign Sin Sinh Tan""",
    _OPEN_SIZE: "Compress NonMaxSuppression NonZero Range Unique",
    _CONTROL: "If Loop Scan SequenceMap",
    _RANDOM: """Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform
        RandomUniformLike""",
    _INTEGER: """BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor ConvInteger MatMulInteger
        QLinearConv QLinearMatMul""",
    _FLOAT_ONLY: "DequantizeLinear DynamicQuantizeLinear QuantizeLinear",
}
UNREAD = {op: why for why, ops in _UNREAD.items() for op in ops.split()}

_HINTS = {
    "QuantizeLinear": "leave quantisation out of the recipe for this target",
    "DequantizeLinear": "leave quantisation out of the recipe for this target",
    "NonMaxSuppression": "end the network before it and do it on the host",
    "RoiAlign": "end the network before it and do it on the host",
}

LARGEST_EXACT_INDEX = 2048  # half floats hold all integers up to here


def check(graph: Graph) -> Iterator[Refusal]:
    """All nodes of a graph of opset 13 that the compiler does not read, or reads wrongly."""
    read = {name for node in graph.nodes for name in node.input}
    for value in graph.inputs:
        if value.name not in read:
            yield Refusal(
                op="input",
                node=value.name,
                why="nothing depends on it, so the compiler drops it",
                hint="leave the input out of the network",
            )
    for value in graph.outputs:
        if graph.shapes.get(value.name) == ():
            yield Refusal(
                op="output",
                node=value.name,
                why="it has no dimensions, and the compiler gives it one",
                hint="keep a dimension (`keepdims`), or reshape the output to one",
            )
    for node in graph.nodes:
        try:
            why = unread(node) or _limit(graph, node) or _types(graph, node)
        except RefusedError as error:
            why = error.why
        if why:
            hint = _HINTS.get(node.op_type, "")
            yield Refusal(op=node.op_type, node=node.name, why=why, hint=hint)


def unread(node: onnx.NodeProto) -> str:
    """Why the compiler does not read an op, whatever its inputs; empty if it may."""
    if node.op_type in READ:
        return ""
    return UNREAD.get(node.op_type, "the compiler is not known to read it")


def _limit(graph: Graph, node: onnx.NodeProto) -> str:
    check = _LIMITS.get(node.op_type)
    return check(graph, node) if check else ""


def _max_pool(graph: Graph, node: onnx.NodeProto) -> str:
    if set(attribute(node, "dilations", ())) - {1}:
        return "its dilations are dropped by the reader without a word"
    if len(node.output) > 1 and graph.readers(node.output[1]):
        return "its indices are not made by the compiler"
    return ""


def _average_pool(graph: Graph, node: onnx.NodeProto) -> str:
    if attribute(node, "ceil_mode", 0) and attribute(node, "count_include_pad", 0):
        return "`ceil_mode` with `count_include_pad` is divided by another size than in ONNX"
    return ""


def _arg_max(graph: Graph, node: onnx.NodeProto) -> str:
    return _NO_LAYER if attribute(node, "select_last_index", 0) else ""


def _conv(graph: Graph, node: onnx.NodeProto) -> str:
    if graph.constant(node.input[1]) is None:
        return "its weights are computed while the model runs"
    rank = len(graph.shape(node.input[0]))
    most = 4 if node.op_type == "ConvTranspose" else 5
    return "" if rank <= most else f"it has {rank - 2} spatial dimensions"


def _cast(graph: Graph, node: onnx.NodeProto) -> str:
    from onnx import TensorProto

    to = attribute(node, "to")
    kinds = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT32, TensorProto.INT64}
    if to in kinds:
        return ""
    return f"the compiler does not convert to {TensorProto.DataType.Name(to).lower()}"


def _indices(graph: Graph, node: onnx.NodeProto) -> str:
    if graph.constant(node.input[1]) is not None:
        return ""
    shape = graph.shape(node.input[0])
    depth = graph.shape(node.input[1])[-1] if node.op_type == "GatherND" else 0
    sizes = shape[:depth] if depth else (shape[attribute(node, "axis", 0)],)
    if max(sizes) > LARGEST_EXACT_INDEX:
        return (
            f"its indices are computed, into {max(sizes)} elements: half floats hold integers "
            f"up to {LARGEST_EXACT_INDEX} only"
        )
    return ""


def _constants(*places: int) -> Callable[[Graph, onnx.NodeProto], str]:
    def check(graph: Graph, node: onnx.NodeProto) -> str:
        for k in places:
            name = optional(node, k)
            if name and graph.constant(name) is None:
                return f"`{name}`, which says what it does, is computed while the model runs"
        return ""

    return check


def _types(graph: Graph, node: onnx.NodeProto) -> str:
    from onnx import TensorProto

    known = ("FLOAT", "FLOAT16", "INT8", "INT32", "INT64", "UINT8", "BOOL")
    allowed = {TensorProto.DataType.Value(kind) for kind in known}
    for name in filter(None, (*node.input, *node.output)):
        if name in graph.types and graph.types[name] not in allowed:
            kind = TensorProto.DataType.Name(graph.types[name]).lower()
            return f"the compiler does not read values of type {kind} (`{name}`)"
    for name in filter(None, node.output):
        if 0 in graph.shape(name):
            return f"it makes a value without elements (`{name}`)"
    return ""


_LIMITS: dict[str, Callable[[Graph, onnx.NodeProto], str]] = {
    "ArgMax": _arg_max,
    "ArgMin": _arg_max,
    "AveragePool": _average_pool,
    "BatchNormalization": _constants(1, 2, 3, 4),
    "Cast": _cast,
    "Conv": _conv,
    "ConvTranspose": _conv,
    "Expand": _constants(1),
    "Gather": _indices,
    "GatherElements": _indices,
    "GatherND": _indices,
    "InstanceNormalization": _constants(1, 2),
    "LSTM": _constants(1, 2, 3),
    "MaxPool": _max_pool,
    "OneHot": _constants(1, 2),
    "Pad": _constants(1, 2),
    "Reshape": _constants(1),
    "Resize": _constants(1, 2, 3),
    "ScatterElements": _indices,
    "Slice": _constants(1, 2, 3, 4),
    "Split": _constants(1),
    "Squeeze": _constants(1),
    "Tile": _constants(1),
    "TopK": _constants(1),
    "Unsqueeze": _constants(1),
}
