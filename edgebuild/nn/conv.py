"""A convolution, batch normalisation and ReLU: the plain layer that the others are measured by."""

from __future__ import annotations

from torch import nn


class ConvBnRelu(nn.Sequential):
    """Convolution, batch normalisation, ReLU: `[N, inputs, H, W]` to
    `[N, outputs, H / stride, W / stride]`, rounded up; `kernel` odd.

    Has `kernel**2 * inputs / groups * outputs + 2 * outputs` parameters. Exporters and compilers
    fold the normalisation into the convolution, so nothing of it is left on a device. A `bias` of
    the convolution does nothing that the normalisation does not.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        stride: int = 1,
        *,
        groups: int = 1,
        bias: bool = False,
    ) -> None:
        padding = kernel // 2
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=bias),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )
