"""Enlarging by pixel shuffle, where others use a transposed convolution or an interpolation."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from edgebuild.nn.conv import ConvBnRelu


class PixelShuffleUp(nn.Module):
    """A 1x1 convolution at the low resolution, then a rearrangement: `[N, inputs, H, W]` to
    `[N, outputs, factor * H, factor * W]`, not below zero.

    The sub-pixel convolution of Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution
    Using an Efficient Sub-Pixel Convolutional Neural Network" (arXiv 1609.05158). Batch
    normalisation and ReLU come before the shuffle, where a compiler can fold them. Exported as
    ONNX's DepthToSpace in mode CRD.
    """

    def __init__(self, inputs: int, outputs: int, factor: int = 2, kernel: int = 1) -> None:
        super().__init__()
        self.conv = ConvBnRelu(inputs, outputs * factor**2, kernel)
        self.shuffle = nn.PixelShuffle(factor)

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.shuffle(self.conv(x)))
