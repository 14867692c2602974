"""A detector of heads and bodies that an 8-bit camera chip runs: no resize, no pooling, no exponential.

Space-to-depth stem, DenseFeat blocks to strides 4, 8 and 16, ghost and partial convolutions between
them, and a top-down path that enlarges by pixel shuffle and joins narrowed skips. The three
heads are those of Zhou et al. 2019, "Objects as Points" (arXiv 1904.07850), at stride 4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edgebuild.nn.conv import ConvBnRelu
from edgebuild.nn.dense_feat import DenseFeatBlock
from edgebuild.nn.ghost import GhostConv
from edgebuild.nn.partial import PartialBlock
from edgebuild.nn.pixel_shuffle import PixelShuffleUp
from edgebuild.nn.space_to_depth import SpaceToDepthStem

CLASSES = 2  # head, body


class HeadBodyDetection(nn.Module):
    """`image` `[N, 3, H, W]`, (raw - mean) / scale of RGB, H and W multiples of 16, to a dict of
    `heatmap` `[N, 2, H/4, W/4]`, the probability that a head's, a body's centre lies in the cell;
    `size`    `[N, 4, H/4, W/4]`, log2 of width and height in pixels: head's, then body's;
    `offset`  `[N, 4, H/4, W/4]`, x and y of the centre from the cell's middle, in cells, likewise.

    Sizes are logarithms so that 8 bits resolve the smallest head as finely as the largest body.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = SpaceToDepthStem(3, 16)
        self.stride4 = nn.Sequential(DenseFeatBlock(16, 32), PartialBlock(32))
        self.stride8 = nn.Sequential(DenseFeatBlock(32, 64), PartialBlock(64))
        self.stride16 = nn.Sequential(
            DenseFeatBlock(64, 128), GhostConv(128, 128), PartialBlock(128), GhostConv(128, 128)
        )
        self.up8 = PixelShuffleUp(128, 32)
        self.skip8 = ConvBnRelu(64, 32, 1)
        self.join8 = GhostConv(64, 64)
        self.up4 = PixelShuffleUp(64, 16)
        self.skip4 = ConvBnRelu(32, 16, 1)
        self.join4 = GhostConv(32, 32)
        self.head = ConvBnRelu(32, 32)
        self.where = nn.Conv2d(32, CLASSES, 1)
        self.size = nn.Conv2d(32, 2 * CLASSES, 1)
        self.offset = nn.Conv2d(32, 2 * CLASSES, 1)
        # Untrained: centres are rare, a typical side is 2**5 pixels.
        for layer, bias in ((self.where, -3.0), (self.size, 5.0), (self.offset, 0.0)):
            nn.init.normal_(layer.weight, std=0.01)
            if layer.bias is not None:
                nn.init.constant_(layer.bias, bias)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        fine = self.stride4(self.stem(image))
        middle = self.stride8(fine)
        coarse = self.stride16(middle)
        middle = self.join8(torch.cat([self.up8(coarse), self.skip8(middle)], dim=1))
        fine = self.join4(torch.cat([self.up4(middle), self.skip4(fine)], dim=1))
        features = self.head(fine)
        return {
            "heatmap": torch.sigmoid(self.where(features)),
            "size": self.size(features),
            "offset": self.offset(features),
        }
