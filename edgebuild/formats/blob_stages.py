"""Types of the stages of a Myriad X blob, and which engine of the chip runs each.

The numbers are `vpu::StageType` of OpenVINO 2021.4 (`vpu/model/stage.hpp`, Apache-2.0), as the
firmware knows them.
"""

from __future__ import annotations

from typing import Literal

Engine = Literal["NCE", "SHAVE", "DMA"]

# Ends every stage: a NaN as a float, a prime as an integer.
BORDER = 0x7F83FF19


def stage_name(code: int) -> str | None:
    """Name of a stage type; None if the format has no such type."""
    return _NAMES.get(code)


def engine_of(name: str) -> Engine:
    """NCE = the neural compute engine's fixed hardware; SHAVE = a program on the vector cores."""
    if name == "MyriadXHwOp":
        return "NCE"
    return "DMA" if name in ("Copy", "LoopStart", "LoopEnd") else "SHAVE"


_NAMES: dict[int, str] = {
    0: "Conv",
    1: "MaxPool",
    2: "AvgPool",
    3: "SoftMax",
    4: "FC",
    5: "None",
    6: "Relu",
    8: "DepthConv",
    9: "Bias",
    10: "PRelu",
    11: "LRN",
    12: "Sum",
    13: "Prod",
    14: "Max",
    15: "Scale",
    18: "InnerLRN",
    19: "Copy",
    20: "Sigmoid",
    21: "Tanh",
    22: "Deconvolution",
    23: "Elu",
    26: "Power",
    28: "Tile",
    29: "RegionYolo",
    30: "ReorgYolo",
    34: "Permute",
    35: "Normalize",
    37: "DetectionOutput",
    38: "MyriadXHwOp",
    43: "CTCDecoder",
    44: "LeakyRelu",
    45: "BiasRelu",
    46: "BiasLeakyRelu",
    47: "ScaleShift",
    49: "Im2ColConvolution",
    56: "HwFcRelayout",
    57: "Clamp",
    58: "RefConvolution",
    60: "GlobalMaxPool",
    61: "GRN",
    62: "MVN",
    63: "DepthDeconv",
    64: "Proposal",
    65: "ROIPooling",
    66: "PSROIPooling",
    67: "Interp",
    69: "MTCNN",
    70: "LSTMCell",
    71: "Pad",
    72: "Resample",
    73: "Upsampling",
    75: "Div",
    76: "Min",
    77: "Squared_diff",
    78: "Equal",
    79: "Not_equal",
    80: "Greater",
    81: "Greater_equal",
    82: "Less",
    83: "Less_equal",
    84: "Logical_NOT",
    85: "Logical_AND",
    86: "Logical_OR",
    87: "Logical_XOR",
    88: "Pow",
    89: "Floor_mod",
    90: "Select",
    91: "GEMM",
    92: "Log",
    93: "ReduceAnd",
    94: "ReverseSequence",
    100: "Gather",
    101: "Exp",
    102: "Floor",
    103: "ScatterUpdate",
    104: "TopK",
    105: "ReduceMin",
    106: "ExpDetectionOutput",
    108: "ROIFeatureExtractor",
    109: "SCRelu",
    110: "Erf",
    111: "Convert",
    112: "ReduceMax",
    113: "ReduceSum",
    114: "ReduceMean",
    115: "Custom",
    116: "ConvND",
    117: "OneHot",
    118: "PoolND",
    119: "LoopStart",
    120: "LoopEnd",
    121: "ExpPriorGridGenerator",
    122: "NonZero",
    123: "ROIAlign",
    124: "ExpGenerateProposals",
    125: "ExpTopKROIs",
    126: "ScatterElementsUpdate",
    127: "OutShapeOfReshape",
    128: "Concat",
    129: "Broadcast",
    130: "StaticShapeNMS",
    131: "Mish",
    132: "Gelu",
    133: "StridedSlice",
    134: "SoftPlus",
    135: "Swish",
    136: "GatherND",
    137: "HSwish",
    138: "Ceiling",
    139: "GatherElements",
    140: "Round",
    141: "CTCGreedyDecoderSeqLen",
}
