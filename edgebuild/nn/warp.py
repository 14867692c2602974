"""A bounded warp: bilinear sampling written as convolutions, for chips that cannot gather.

Sampling by computed indices needs integers that fp16 does not have (above 2,048 not every one
exists) and an operation that few device compilers know. For a flow of at most R pixels the same
result is a sum over all shifts d within the bound, weighted by tents:

    out(p) = sum_dy tent(fy(p) - dy) sum_dx tent(fx(p) - dx) image(p + (dx, dy))
    tent(t) = relu(1 - |t|) = relu(1 - relu(t) - relu(-t))

Shifts are one-hot convolutions, tents are two 1x1 convolutions with ReLU, both sums are
1x1 convolutions: on a Myriad X all of it runs on the convolution engine but for two products.
Every constant is a small integer, so fp16 holds it exactly.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, grid_sample, pad, relu

# The Myriad X compiler puts a one-hot convolution of many outputs on the SHAVEs, or cuts it into
# tiles of 8 channels; at 48 outputs or fewer it stays one operation of the convolution engine.
CHANNELS_PER_CONVOLUTION = 48


class BoundedWarp(nn.Module):
    """Each image channel sampled along its own flow; equal to `sample` for flows within the radii.

    Inputs: image [N, channels, H, W]; flow [N, 2 * channels, H, W] in pixels, first the x flow of
    each channel, then the y flow of each. Output [N, channels, H, W]: at (x, y) the image's
    value at (x + fx, y + fy), 0 outside the image. Beyond a radius the output fades to 0
    within a pixel, so bound the flow before (`radius * tanh`). Nothing in here is learnt and
    nothing enters the `state_dict`.
    """

    ramp: Tensor
    ramp_bias: Tensor
    tent_x: Tensor
    tent_y: Tensor
    one_x: Tensor
    one_y: Tensor
    sum_x: Tensor
    sum_y: Tensor

    def __init__(self, *, channels: int, radius_x: int, radius_y: int) -> None:
        super().__init__()
        nx, ny = 2 * radius_x + 1, 2 * radius_y + 1
        self.padding = (radius_y, radius_x)

        # Order of the stack: image channel, then dy, then dx.
        stack = torch.eye(channels * ny * nx).reshape(-1, channels, ny, nx)
        pieces = stack.split(CHANNELS_PER_CONVOLUTION)
        self.pieces = len(pieces)
        for i, piece in enumerate(pieces):
            self._constant(f"shift_{i}", piece)

        # Both ramps of every tent, relu(f - d) and relu(d - f): x tents by (channel, dx), then y.
        sides = torch.tensor([1.0, -1.0])
        x_flows = torch.kron(torch.eye(channels), torch.ones(nx, 1))
        y_flows = torch.kron(torch.eye(channels), torch.ones(ny, 1))
        shifts = torch.cat([_shifts(radius_x).repeat(channels), _shifts(radius_y).repeat(channels)])
        ramp = torch.kron(torch.block_diag(x_flows, y_flows), sides[:, None])
        self._constant("ramp", _pointwise(ramp))
        self._constant("ramp_bias", torch.kron(shifts, -sides))

        # tent = relu(1 - both ramps); an x tent stands beside every dy of the stack.
        pair = -torch.ones(1, 2)
        x_tents = torch.kron(torch.eye(channels * nx), pair).reshape(channels, 1, nx, -1)
        x_tents = x_tents.expand(-1, ny, -1, -1).flatten(0, 2)
        y_tents = torch.kron(torch.eye(channels * ny), pair)
        self._constant("tent_x", _pointwise(pad(x_tents, (0, y_tents.shape[1]))))
        self._constant("tent_y", _pointwise(pad(y_tents, (x_tents.shape[1], 0))))
        self._constant("one_x", torch.ones(channels * ny * nx))
        self._constant("one_y", torch.ones(channels * ny))

        self._constant("sum_x", _pointwise(torch.kron(torch.eye(channels * ny), torch.ones(1, nx))))
        self._constant("sum_y", _pointwise(torch.kron(torch.eye(channels), torch.ones(1, ny))))

    def forward(self, image: Tensor, flow: Tensor) -> Tensor:
        stack = torch.cat(
            [
                conv2d(image, getattr(self, f"shift_{i}"), padding=self.padding)
                for i in range(self.pieces)
            ],
            dim=1,
        )
        ramps = relu(conv2d(flow, self.ramp, self.ramp_bias))
        tents_x = relu(conv2d(ramps, self.tent_x, self.one_x))
        tents_y = relu(conv2d(ramps, self.tent_y, self.one_y))
        rows = conv2d(stack * tents_x, self.sum_x)
        return conv2d(rows * tents_y, self.sum_y)

    def _constant(self, name: str, value: Tensor) -> None:
        self.register_buffer(name, value.contiguous(), persistent=False)


def sample(image: Tensor, flow: Tensor) -> Tensor:
    """The same by gathering, for a flow of any size: quick to train with, not for export.

    Shapes as in `BoundedWarp`.
    """
    n, channels, height, width = image.shape
    y, x = torch.meshgrid(
        torch.arange(height, dtype=flow.dtype, device=flow.device),
        torch.arange(width, dtype=flow.dtype, device=flow.device),
        indexing="ij",
    )
    at_x = (x + flow[:, :channels]) * (2 / (width - 1)) - 1
    at_y = (y + flow[:, channels:]) * (2 / (height - 1)) - 1
    grid = torch.stack([at_x, at_y], dim=-1).flatten(0, 1)
    planes = image.reshape(n * channels, 1, height, width)
    sampled = grid_sample(planes, grid, padding_mode="zeros", align_corners=True)
    return sampled.reshape(image.shape)


def _shifts(radius: int) -> Tensor:
    return torch.arange(-radius, radius + 1, dtype=torch.float32)


def _pointwise(matrix: Tensor) -> Tensor:
    """A matrix [out, in] as the weight of a 1x1 convolution."""
    return matrix[:, :, None, None]
