"""Models that the compiler cannot read, or would read wrongly, refused before it is started.

What is here was measured with OpenVINO 2021.4.2: each op alone in a model. Read wrongly means that
the CPU plugin of the same wheel, fed by the same ONNX reader, gave another result than
ONNX Runtime, and the compiler did not say a word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edgebuild.errors import EdgebuildError
from edgebuild.formats.onnx_header import OnnxHeader, OnnxNode, OnnxValue

NEWEST_OPSET = 13


class MyriadModelError(EdgebuildError):
    """A model the Myriad X compiler cannot read, or would read wrongly."""


def check(header: OnnxHeader) -> None:
    """MyriadModelError for a model that must not be given to the compiler, naming every node."""
    if header.external_data:
        raise MyriadModelError(
            "the model keeps weights in another file, which does not come along",
            hint="`canonicalise` and every pass write one file",
        )
    for value in header.inputs:
        _check_input(value)
    if header.opset > NEWEST_OPSET:
        raise MyriadModelError(
            f"opset {header.opset} is newer than the Myriad X compiler reads",
            fields={
                "newest": f"opset {NEWEST_OPSET}",
                "above": "it only warns, and computes something else (ReduceMean, for one)",
            },
            hint=LEGALIZE,
        )
    problems = {_label(i, n): why for i, n in enumerate(header.nodes) if (why := _why(n, header))}
    if problems:
        count = f"{len(problems)} node{'s' if len(problems) > 1 else ''}"
        raise MyriadModelError(
            f"the Myriad X compiler cannot take {count} of this model",
            fields=dict(list(problems.items())[:_SHOWN]),
            hint=LEGALIZE,
        )


LEGALIZE = (
    f"put the pass `legalize` into the recipe: it rewrites a model exactly, in opset {NEWEST_OPSET}"
    " and in ops this compiler reads"
)
_SHOWN = 20


def _check_input(value: OnnxValue) -> None:
    if value.shape is None or None in value.shape:
        raise MyriadModelError(
            f"input `{value.name}` has no fixed shape; Myriad X needs one",
            fields={
                "shape": "unknown"
                if value.shape is None
                else ", ".join("?" if d is None else str(d) for d in value.shape)
            },
            hint="declare the shape in the manifest's `inputs` and put `simplify` into the recipe",
        )


def _label(index: int, node: OnnxNode) -> str:
    named = node.name or (node.outputs[0] if node.outputs else str(index))
    return f"{node.op} `{named}`"


def _why(node: OnnxNode, header: OnnxHeader) -> str | None:
    if node.domain == "":
        if node.op not in READABLE:
            return "its reader does not know this op"
        if node.op in BROKEN:
            return "its reader fails on this op"
    if node.constant or node.domain != "":
        return None
    if node.op in NO_STAGE:
        return "the chip has no stage for this op"
    rule = _RULES.get(node.op)
    return rule(node, header) if rule else None


# ------------------------------------------------------------------------ unreadable ops

# Ops of the default domain that the reader knows in some version up to 13.
_READABLE = """
Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization
BitShift Cast Ceil Celu Clip Compress Concat Constant ConstantOfShape Conv ConvTranspose Cos
Cosh CumSum DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear Elu Equal Erf Exp
Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gemm GlobalAveragePool
GlobalLpPool GlobalMaxPool Greater GreaterOrEqual HardSigmoid Hardmax Identity
InstanceNormalization LRN LSTM LeakyRelu Less LessOrEqual Log LogSoftmax Loop LpNormalization
MatMul Max MaxPool Mean MeanVarianceNormalization Min Mod Mul Neg NegativeLogLikelihoodLoss
NonMaxSuppression NonZero Not OneHot Or PRelu Pad Pow QuantizeLinear RNN Range Reciprocal
ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
ReduceSum ReduceSumSquare Relu Reshape Resize ReverseSequence RoiAlign Round Scatter
ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax
SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh
ThresholdedRelu Tile TopK Transpose Unsqueeze Upsample Where Xor
"""
READABLE = frozenset(_READABLE.split())

# ONNX defines these by simpler ops, and the reader loses their outputs on the way.
BROKEN = frozenset(("DynamicQuantizeLinear", "GreaterOrEqual", "LessOrEqual"))

# Read, but with no stage of the chip behind them; computed beforehand where they are constant.
_NO_STAGE = """
Abs Acos Acosh Asin Asinh Atan Atanh Cos Cosh CumSum DequantizeLinear GRU HardSigmoid Mod Or
QuantizeLinear RNN ReduceL1 ReduceProd ScatterND Selu Sign Sin Sinh Softsign Tan Xor
"""
NO_STAGE = frozenset(_NO_STAGE.split())


# ------------------------------------------------------------------- ops in some forms only

Rule = Callable[[OnnxNode, OnnxHeader], str | None]
_BOOL = 9  # TensorProto.BOOL


def _average_pool(node: OnnxNode, header: OnnxHeader) -> str | None:
    if node.attributes.get("ceil_mode") and node.attributes.get("count_include_pad"):
        return "read wrongly: `ceil_mode` together with `count_include_pad`"
    return None


def _cast(node: OnnxNode, header: OnnxHeader) -> str | None:
    if node.attributes.get("to") == _BOOL:
        return "read wrongly: as bool it cuts off fractions, 0.5 becomes false"
    return None


def _conv_transpose(node: OnnxNode, header: OnnxHeader) -> str | None:
    if "output_shape" in node.attributes:
        return "read wrongly: `output_shape`; give `pads` and `output_padding`"
    if str(node.attributes.get("auto_pad", "")).startswith("SAME"):
        return "read wrongly: `auto_pad`; give `pads` and `output_padding`"
    return None


def _gather(node: OnnxNode, header: OnnxHeader) -> str | None:
    indices = header.integers(node.inputs[1]) if len(node.inputs) > 1 else None
    if indices and min(indices) < 0:
        return f"read wrongly: negative indices ({min(indices)}) do not count from the end"
    return None


def _max_pool(node: OnnxNode, header: OnnxHeader) -> str | None:
    dilations = node.attributes.get("dilations", ())
    if isinstance(dilations, tuple) and any(d != 1 for d in dilations):
        return "read wrongly: `dilations` are ignored"
    if len(node.outputs) > 1 and node.outputs[1]:
        return "its output `Indices` is not computed"
    return None


def _pad(node: OnnxNode, header: OnnxHeader) -> str | None:
    if len(node.inputs) > 2 and not node.inputs[2]:
        return "an empty third input makes its reader fail; leave it out or give a value"
    return None


def _resize(node: OnnxNode, header: OnnxHeader) -> str | None:
    if node.attributes.get("mode") == "cubic":
        return "the chip has no stage for `mode: cubic`"
    if node.op == "Resize" and header.opset == 10:
        return "read wrongly: opset 10 when it makes smaller"
    return None


def _roi_align(node: OnnxNode, header: OnnxHeader) -> str | None:
    return "read wrongly: other values than ONNX Runtime gives"


def _softmax(node: OnnxNode, header: OnnxHeader) -> str | None:
    """Of opset 11 and 12 it normalises over `axis` and all behind it; the reader over `axis`."""
    if header.opset not in (11, 12):
        return None
    axis = node.attributes.get("axis", 1)
    shape = header.shapes.get(node.inputs[0]) if node.inputs else None
    if axis == -1:
        return None
    if shape is None or not isinstance(axis, int):
        return f"read wrongly in opset {header.opset}, unless `axis` is -1: the last one"
    behind = shape[axis + 1 :]
    if any(size != 1 for size in behind):
        return f"read wrongly in opset {header.opset}: over axis {axis} alone, not all behind it"
    return None


_RULES: Mapping[str, Rule] = {
    "AveragePool": _average_pool,
    "Cast": _cast,
    "ConvTranspose": _conv_transpose,
    "Gather": _gather,
    "GatherElements": _gather,
    "GatherND": _gather,
    "MaxPool": _max_pool,
    "Pad": _pad,
    "Resize": _resize,
    "RoiAlign": _roi_align,
    "Softmax": _softmax,
    "Upsample": _resize,
}
