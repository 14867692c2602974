"""Short-Term Dense Concatenate block: many fields of view at the price of one convolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edgebuild.nn.conv import ConvBnRelu


class StdcBlock(nn.Module):
    """`[N, inputs, H, W]` to `[N, outputs, H / stride, W / stride]`; `outputs` a multiple of 8.

    Four convolutions in a row, one 1x1 and three 3x3, give 1/2, 1/4, 1/8 and 1/8 of the
    outputs; all four are joined, so that fields of 1, 3, 5 and 7 pixels (2, 3, 7 and 11 at
    stride 2) share a block and the wide ones are thin. After Fan et al. 2021, "Rethinking
    BiSeNet For Real-time Semantic Segmentation" (arXiv 2104.13188). At stride 2 (H and W even)
    the second convolution strides and the first branch is averaged over 2x2 pixels, not 3x3 as
    in the paper: the Myriad X averages on its convolution engine only where there is no
    padding.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        if outputs % 8:
            raise ValueError(f"{outputs} channels have no eighth")
        if stride not in (1, 2):
            raise ValueError(f"stride {stride} is neither 1 nor 2")
        half, quarter, eighth = outputs // 2, outputs // 4, outputs // 8
        self.first = ConvBnRelu(inputs, half, 1)
        self.second = ConvBnRelu(half, quarter, 3, stride)
        self.third = ConvBnRelu(quarter, eighth)
        self.fourth = ConvBnRelu(eighth, eighth)
        self.short = nn.AvgPool2d(2) if stride == 2 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        first = self.first(x)
        second = self.second(first)
        third = self.third(second)
        return torch.cat([self.short(first), second, third, self.fourth(third)], dim=1)
