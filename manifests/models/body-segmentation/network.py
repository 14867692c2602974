"""Body segmentation of one person, shaped for the convolution engine (NCE) of the Myriad X.

A large-kernel, large-stride stem, STDC blocks down to 1/32, 1x1 convolutions that shrink the skips
before they travel, and pixel shuffles on the way up, the last one by 4. Only these four shuffles
and the sigmoid run on SHAVE cores, so that one or two of those are enough.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edgebuild.nn.conv import ConvBnRelu
from edgebuild.nn.pixel_shuffle import PixelShuffleUp
from edgebuild.nn.stdc import StdcBlock


class BodySegmentation(nn.Module):
    """image [N, 3, 256, 160], RGB, (raw - 127.5) / 127.5 -> mask [N, 1, 256, 160], probability."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvBnRelu(3, 32, 7, 4)
        self.at_4 = StdcBlock(32, 64)
        self.at_8 = nn.Sequential(StdcBlock(64, 128, 2), StdcBlock(128, 128))
        self.at_16 = nn.Sequential(StdcBlock(128, 128, 2), StdcBlock(128, 128))
        self.at_32 = StdcBlock(128, 256, 2)
        self.up_16, self.skip_16 = PixelShuffleUp(256, 64), ConvBnRelu(128, 32, 1)
        self.join_16 = StdcBlock(96, 128)
        self.up_8, self.skip_8 = PixelShuffleUp(128, 48), ConvBnRelu(128, 32, 1)
        self.join_8 = StdcBlock(80, 64)
        self.up_4, self.skip_4 = PixelShuffleUp(64, 16), ConvBnRelu(64, 16, 1)
        self.join_4 = nn.Sequential(ConvBnRelu(32, 32), ConvBnRelu(32, 16))
        self.out = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.PixelShuffle(4))

    def forward(self, image: Tensor) -> Tensor:
        """The probability of each pixel to be the person."""
        return torch.sigmoid(self.logits(image))

    def logits(self, image: Tensor) -> Tensor:
        """What the sigmoid gets, for the loss of a training."""
        at_4 = self.at_4(self.stem(image))
        at_8 = self.at_8(at_4)
        at_16 = self.at_16(at_8)
        up = self.up_16(self.at_32(at_16))
        up = self.up_8(self.join_16(torch.cat([up, self.skip_16(at_16)], dim=1)))
        up = self.up_4(self.join_8(torch.cat([up, self.skip_8(at_8)], dim=1)))
        logits: Tensor = self.out(self.join_4(torch.cat([up, self.skip_4(at_4)], dim=1)))
        return logits
