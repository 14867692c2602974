"""A convolution, batch normalisation and ReLU: the plain layer that the others are measured by."""

from __future__ import annotations

from torch import nn


class ConvBnRelu(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU: `[N, inputs, H, W]` to
    `[N, outputs, H / stride, W / stride]`.

    Has `kernel**2 * inputs / groups * outputs + 2 * outputs` parameters. Exporters and compilers
    fold the normalisation into the convolution, so nothing of it is left on a device.
    `relu=False` leaves the ReLU out, for a layer whose sum with another is rectified.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        stride: int = 1,
        *,
        groups: int = 1,
        relu: bool = True,
    ) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(
                inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False
            ),
            nn.BatchNorm2d(outputs),
        ]
        if relu:
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)
