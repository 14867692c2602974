"""Gaze correction by warping: a small network says where each pixel of two eyes comes from.

After Ganin et al. 2016 (DeepWarp) and Isikdogan et al. 2020 (Eye Contact Correction using Deep
Neural Networks): a flow for each eye, bounded to a few pixels, and a small correction of tone for
what the flow cannot bring (highlights, sclera that was hidden). Laid out for the Myriad X: all of
it is convolutions with ReLU but two pixel shuffles, one tanh and the two products of the warp.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, relu

from edgebuild.nn.warp import BoundedWarp, sample

RADIUS_X, RADIUS_Y = 6, 4


class GazeCorrection(nn.Module):
    """Both eyes as they are -> both eyes looking into the camera.

    eyes       [N, 2, 48, 64]  grey, (raw - 127.5) / 127.5
    angle      [N, 2]          rotation still missing to the camera, radian: yaw (positive: to the
                               right of the picture), pitch (positive: down)
    corrected  [N, 2, 48, 64]  0..1
    """

    radius: Tensor
    minus: Tensor
    one: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = _conv(2, 24, 5, 2)
        self.local = _conv(24, 32)
        self.down = _conv(32, 60, 3, 2)
        # The angle enters as 4 learnt maps: a fully connected layer, with no broadcast.
        self.place = nn.Linear(2, 4 * 12 * 16)
        self.deep = nn.Sequential(_conv(64, 64), _conv(64, 64), _conv(64, 64))
        self.up = nn.Sequential(nn.Conv2d(64, 96, 1), nn.PixelShuffle(2))
        self.skip = _conv(32, 16, 1)
        self.mix = nn.Sequential(_conv(40, 48), _conv(48, 48))
        self.fine = nn.Sequential(nn.Conv2d(48, 40, 1), nn.PixelShuffle(2))
        self.refine = _conv(12, 16)
        self.head = nn.Conv2d(16, 6, 3, padding=1)
        self.tone = nn.Conv2d(4, 2, 1)
        self.warp = BoundedWarp(channels=2, radius_x=RADIUS_X, radius_y=RADIUS_Y)

        radius = torch.tensor([RADIUS_X, RADIUS_X, RADIUS_Y, RADIUS_Y], dtype=torch.float32)
        self.register_buffer("radius", radius.reshape(1, 4, 1, 1), persistent=False)
        self.register_buffer("minus", -torch.eye(2).reshape(2, 2, 1, 1), persistent=False)
        self.register_buffer("one", torch.ones(2), persistent=False)

    def forward(self, eyes: Tensor, angle: Tensor) -> Tensor:
        """The deployed form."""
        flow, light = self.predict(eyes, angle)
        return self.finish(self.warp(eyes, flow), light)

    def forward_by_gathering(self, eyes: Tensor, angle: Tensor) -> Tensor:
        """The same values, quicker to train; cannot be deployed."""
        flow, light = self.predict(eyes, angle)
        return self.finish(sample(eyes, flow), light)

    def predict(self, eyes: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
        """Flow in pixels [N, 4, 48, 64] (x of both eyes, y of both) and light [N, 2, 48, 64]."""
        local = self.local(self.stem(eyes))
        place = self.place(angle).reshape(-1, 4, 12, 16)
        deep = self.deep(torch.cat([self.down(local), place], dim=1))
        mixed = self.mix(torch.cat([self.up(deep), self.skip(local)], dim=1))
        fine = self.refine(torch.cat([self.fine(mixed), eyes], dim=1))
        bounded = torch.tanh(self.head(fine))
        return bounded[:, :4] * self.radius, bounded[:, 4:]

    def finish(self, warped: Tensor, light: Tensor) -> Tensor:
        """Tone, and the clamp to 0..1 as two convolutions with ReLU: 1 - relu(1 - y), never below 0."""
        dark = relu(self.tone(torch.cat([warped, light], dim=1)))
        return relu(conv2d(dark, self.minus, self.one))


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2), nn.ReLU(inplace=True)
    )


def initialise(network: GazeCorrection) -> None:
    """Start from the identity: no flow, no light, tone = (eyes + 1) / 2."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    with torch.no_grad():
        network.head.weight.mul_(0.02)
        network.place.weight.normal_(0, 2)
        network.place.bias.zero_()
        identity = torch.tensor([[-0.5, 0, -0.1, 0], [0, -0.5, 0, -0.1]])
        network.tone.weight.copy_(identity.reshape(2, 4, 1, 1))
        network.tone.bias.fill_(0.5)
