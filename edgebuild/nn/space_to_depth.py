"""Space-to-depth: trades resolution for channels without losing a pixel, as a network's first layer."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, autograd, nn

from edgebuild.nn.conv import ConvBnRelu


class SpaceToDepth(nn.Module):
    """Moves each `block` x `block` square of pixels into channels: `[N, C, H, W]` to
    `[N, block**2 * C, H / block, W / block]`, exactly; H and W must be multiples of `block`.

    Channel `(dy * block + dx) * C + c` of the result is channel `c` at row `dy`, column `dx` of the
    square: the order of ONNX's SpaceToDepth, which is not that of `torch.nn.PixelUnshuffle`.
    torch's TorchScript exporter writes it as that one node, which compilers know, where PixelUnshuffle
    becomes a transposition of six dimensions between two reshapes.
    """

    def __init__(self, block: int) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, _Rearrange.apply(x, self.block))


class SpaceToDepthStem(nn.Sequential):
    """Space-to-depth, then a convolution at the lower resolution: `[N, inputs, H, W]` to
    `[N, outputs, H / block, W / block]`.

    It computes what a convolution of `block * kernel` x `block * kernel` pixels with stride `block`
    would, so no pixel is skipped, and hands on `block**2` times smaller maps. The rearrangement
    is that of Sajjadi et al. 2018, "Frame-Recurrent Video Super-Resolution" (arXiv 1801.04590).
    """

    def __init__(self, inputs: int, outputs: int, block: int = 2, kernel: int = 3) -> None:
        super().__init__(SpaceToDepth(block), ConvBnRelu(block**2 * inputs, outputs, kernel))


class _Rearrange(autograd.Function):
    """A function of its own, so that an exporter meets one operation and not five."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, block: int) -> Tensor:
        ctx.block = block
        n, c, h, w = x.shape
        # While it is traced, sizes are values that the trace would have to follow.
        if not torch.jit.is_tracing() and (h % block or w % block):
            raise ValueError(f"{h}x{w} pixels are no multiple of {block}")
        tiles = x.reshape(n, c, h // block, block, w // block, block)
        return tiles.permute(0, 3, 5, 1, 2, 4).reshape(n, -1, h // block, w // block)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        gradient, block = gradients[0], ctx.block
        n, c, h, w = gradient.shape
        tiles = gradient.reshape(n, block, block, c // block**2, h, w)
        return tiles.permute(0, 3, 4, 1, 5, 2).reshape(n, -1, h * block, w * block), None

    @staticmethod
    def symbolic(graph: Any, x: Any, block: int) -> Any:
        """The ONNX node. Its shape is given here: the exporter cannot infer it."""
        node = graph.op("SpaceToDepth", x, blocksize_i=block)
        sizes = x.type().sizes()
        if sizes is not None and None not in sizes:
            n, c, h, w = sizes
            node.setType(x.type().with_sizes([n, c * block**2, h // block, w // block]))
        return node
