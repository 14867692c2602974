"""DenseFeatBlock: halves the resolution with a chain of shrinking convolutions, all of them kept."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from edgebuild.nn.conv import ConvBnRelu


class DenseFeatBlock(nn.Module):
    """Five 3x3 convolutions in a row with 1/2, 1/4, 1/8, 1/16 and 1/16 of the outputs, joined:
    `[N, inputs, H, W]` to `[N, outputs, H / stride, W / stride]`; `outputs` a multiple of 16.

    The first convolution has the stride. The joined features have fields of 3, 5, 7, 9 and 11 pixels
    at stride 1, of 3, 7, 11, 15 and 19 at stride 2; each is computed once, and all but the last are
    used twice. A chain of halving convolutions is
    the short-term dense concatenation of Fan et al. 2021, "Rethinking BiSeNet for Real-time
    Semantic Segmentation". The division is the one that costs what is published for the block in
    "Edge AI in Action" (CVPR 2024): 15,536 parameters and 15,664 operations an output pixel for
    32 to 64 channels, 61,888 and 62,144 for 64 to 128.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 2) -> None:
        super().__init__()
        if outputs % 16:
            raise ValueError(f"{outputs} channels are no multiple of 16")
        widths = [inputs, *(outputs // part for part in (2, 4, 8, 16, 16))]
        self.chain = nn.ModuleList(
            ConvBnRelu(before, after, stride=stride if index == 0 else 1)
            for index, (before, after) in enumerate(pairwise(widths))
        )

    def forward(self, x: Tensor) -> Tensor:
        features = []
        for layer in self.chain:
            x = layer(x)
            features.append(x)
        return torch.cat(features, dim=1)
