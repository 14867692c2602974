"""Which constants of an ONNX node are parameters that it computes with, and not sizes, axes and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgebuild.formats import onnx_buffers
from edgebuild.formats.onnx_buffers import Constant

if TYPE_CHECKING:
    import onnx

# Inputs from this one on say how the node works; they are no values it works on.
_SETTINGS = {
    **dict.fromkeys(("Clip", "Pad", "Resize", "Upsample", "Slice", "Reshape", "Expand", "Tile"), 1),
    **dict.fromkeys(("TopK", "Dropout", "OneHot", "QuantizeLinear", "DequantizeLinear"), 1),
    **dict.fromkeys(("BatchNormalization", "CenterCropPad"), 3),
}
_RECURRENT = ("LSTM", "GRU", "RNN")
_NO_WEIGHTS = ("int64", "int32", "uint64", "uint32", "bool", "string", "")


def weights(node: onnx.NodeProto, constants: Mapping[str, Constant]) -> list[str]:
    """Names of those among its inputs, each once."""
    names = list(onnx_buffers.read_by(node))
    if node.op_type in _RECURRENT:
        names = [*node.input[:4], *node.input[7:]]
    elif node.op_type in _SETTINGS:
        names = list(node.input[: _SETTINGS[node.op_type]])
    elif node.op_type in ("QLinearConv", "QLinearMatMul"):
        names = [node.input[3], *node.input[8:]]
    found = {n: c for n in names if (c := constants.get(n)) is not None}
    wide = node.op_type == "QLinearConv"  # its bias is of 32 bits
    return [n for n, c in found.items() if wide or c.quantised or c.dtype not in _NO_WEIGHTS]
