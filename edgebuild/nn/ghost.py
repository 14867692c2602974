"""GhostConv: half the features by a convolution, the other half by a cheap operation on them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edgebuild.nn.conv import ConvBnRelu


class GhostConv(nn.Module):
    """`[N, inputs, H, W]` to `[N, outputs, H / stride, W / stride]`; `outputs` even.

    Half of the outputs are a convolution of the inputs, the other half a depthwise 5x5 convolution
    of those ("ghosts"), joined; each half has its batch normalisation and ReLU. After Han et al.
    2020, "GhostNet: More Features from Cheap Operations" (arXiv 1911.11907), with ratio 2; the paper
    has a 1x1 and a 3x3 convolution. With 3x3 and 5x5 it costs what "Edge AI in Action" (CVPR
    2024) publishes: 10,144 parameters for 32 to 64 channels, 38,720 for 64 to 128.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, *, cheap_kernel: int = 5
    ) -> None:
        super().__init__()
        if outputs % 2:
            raise ValueError(f"{outputs} channels have no half")
        half = outputs // 2
        self.primary = ConvBnRelu(inputs, half, kernel, stride)
        self.cheap = ConvBnRelu(half, half, cheap_kernel, groups=half)

    def forward(self, x: Tensor) -> Tensor:
        primary = self.primary(x)
        return torch.cat([primary, self.cheap(primary)], dim=1)
