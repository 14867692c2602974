"""Makes fruits.onnx, the small network that the tests break: run by hand in the `torch` environment.

PYTHONPATH=tests/broken python tests/broken/train.py tests/broken/fruits.onnx
"""

import sys

import numpy as np
import torch
from fruits import HEIGHT, WIDTH, draw
from torch import nn
from torch.nn import functional

MEAN, SCALE = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
STEPS, BATCH = 600, 32


class Fruits(nn.Module):
    """image [N, 3, 64, 96], RGB, normalised -> ripe [N, 1, 64, 96], probability."""

    def __init__(self):
        super().__init__()
        self.down1 = _conv(3, 12, 2)
        self.down2 = _conv(12, 24, 2)
        self.deep = _conv(24, 24)
        self.up1 = _conv(36, 16)
        self.up2 = _conv(16, 12)
        self.out = nn.Conv2d(12, 1, 1)

    def forward(self, image):
        half = self.down1(image)
        deep = self.deep(self.down2(half))
        wide = functional.interpolate(deep, scale_factor=2.0, mode="bilinear")
        wide = self.up1(torch.cat([wide, half], 1))
        wide = self.up2(functional.interpolate(wide, scale_factor=2.0, mode="bilinear"))
        return torch.sigmoid(self.out(wide))


def _conv(before, after, stride=1):
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()
    )


def main(path):
    torch.manual_seed(1)
    torch.set_num_threads(1)
    images, masks = draw(1024, 3, 1)
    mean, scale = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in (MEAN, SCALE))
    inputs = torch.from_numpy((images - mean) / scale)
    wanted = torch.from_numpy(masks.astype(np.float32))
    network = Fruits()
    optimiser = torch.optim.AdamW(network.parameters(), 4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 8e-3, STEPS)
    for step in range(STEPS):
        rows = torch.randint(len(inputs), (BATCH,))
        loss = functional.binary_cross_entropy(
            network(inputs[rows]).clamp(1e-6, 1 - 1e-6), wanted[rows]
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(step, loss.item(), flush=True)
    network.eval()
    torch.onnx.export(
        network, torch.zeros(1, 3, HEIGHT, WIDTH), path, input_names=["image"],
        output_names=["ripe"], opset_version=13, dynamo=False,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1])
