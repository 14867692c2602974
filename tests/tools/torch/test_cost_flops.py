"""MACs counted of exported networks are half of what torch's FlopCounterMode counts of the networks."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import onnx
import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from edgebuild.formats import onnx_contract, onnx_cost
from edgebuild.formats.costs import Costs
from edgebuild.nn.dense_feat import DenseFeatBlock
from edgebuild.nn.ghost import GhostConv
from edgebuild.nn.partial import PartialBlock
from edgebuild.nn.pixel_shuffle import PixelShuffleUp
from edgebuild.nn.space_to_depth import SpaceToDepthStem

pytestmark = pytest.mark.filterwarnings("ignore")  # torch's own, of its older exporter

MODELS = Path(__file__).parents[3] / "manifests" / "models"


class Function(nn.Module):
    """A network that is one function."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *values: Tensor) -> Tensor:
        return self.function(*values)


class Sequence(nn.Module):
    """A recurrent network's answers alone."""

    def __init__(self, kind: type[nn.RNNBase], **options: bool) -> None:
        super().__init__()
        self.net = kind(7, 5, **options)

    def forward(self, x: Tensor) -> Tensor:
        answers: Tensor = self.net(x)[0]
        return answers


LAYERS: dict[str, tuple[nn.Module, list[tuple[int, ...]]]] = {
    "conv": (nn.Conv2d(8, 16, 3, stride=2, padding=1), [(2, 8, 12, 20)]),
    "conv, padded and dilated": (nn.Conv2d(8, 16, 3, padding=4, dilation=2), [(1, 8, 9, 7)]),
    "conv, in groups": (nn.Conv2d(8, 16, (3, 5), groups=4), [(1, 8, 12, 20)]),
    "conv, depthwise": (nn.Conv2d(8, 8, 3, groups=8), [(1, 8, 12, 20)]),
    "conv, one dimension": (nn.Conv1d(8, 16, 3), [(1, 8, 12)]),
    "conv, three dimensions": (nn.Conv3d(2, 4, 3), [(1, 2, 5, 6, 7)]),
    "transposed": (nn.ConvTranspose2d(8, 16, 3, 2, 1, output_padding=1), [(1, 8, 12, 20)]),
    "transposed, in groups": (nn.ConvTranspose2d(8, 16, 4, 2, groups=2), [(1, 8, 12, 20)]),
    "linear": (nn.Linear(7, 5), [(3, 7)]),
    "linear on a stack": (nn.Linear(7, 5), [(2, 3, 7)]),
    "product": (Function(torch.matmul), [(2, 3, 4), (2, 4, 6)]),
    "product, spread": (Function(torch.matmul), [(2, 3, 4), (4, 6)]),
    "einsum": (Function(lambda a, b: torch.einsum("bik,bjk->bij", a, b)), [(2, 3, 4), (2, 5, 4)]),
    "lstm": (Sequence(nn.LSTM), [(6, 2, 7)]),
    "lstm, both ways": (Sequence(nn.LSTM, bidirectional=True), [(6, 2, 7)]),
    "lstm, batch first": (Sequence(nn.LSTM, batch_first=True), [(2, 6, 7)]),
    "gru": (Sequence(nn.GRU), [(6, 2, 7)]),
    "rnn": (Sequence(nn.RNN), [(6, 2, 7)]),
    "stem": (SpaceToDepthStem(3, 16), [(1, 3, 12, 20)]),
    "dense feat": (DenseFeatBlock(16, 32), [(1, 16, 12, 20)]),
    "ghost": (GhostConv(16, 24, stride=2), [(1, 16, 12, 20)]),
    "partial": (PartialBlock(16), [(1, 16, 6, 10)]),
    "pixel shuffle": (PixelShuffleUp(16, 8), [(1, 16, 6, 10)]),
}
NETWORKS = {
    "body-segmentation": ("BodySegmentation", [(1, 3, 256, 160)]),
    "gaze-correction": ("GazeCorrection", [(1, 2, 48, 64), (1, 2)]),
    "head-body-detection": ("HeadBodyDetection", [(1, 3, 144, 256)]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    net, shapes = LAYERS[name]
    macs = counted(net, shapes).macs
    assert macs == flops(net, shapes) / 2
    assert macs


@pytest.mark.parametrize("name", NETWORKS)
def test_our_own_networks(name: str) -> None:
    named, shapes = NETWORKS[name]
    net = getattr(module(MODELS / name / "network.py"), named)()
    found = counted(net, shapes)
    assert found.macs == flops(net, shapes) / 2
    assert sum(found.traffic.values()) == sum(layer.traffic_bytes for layer in found.layers)


@pytest.mark.parametrize("name", ["conv", "transposed", "linear", "gru"])
def test_parameters_are_those_of_the_network(name: str) -> None:
    net, shapes = LAYERS[name]
    assert counted(net, shapes).params == sum(p.numel() for p in net.parameters())


def counted(net: nn.Module, shapes: list[tuple[int, ...]]) -> Costs:
    file = io.BytesIO()
    values = tuple(torch.rand(shape) for shape in shapes)
    torch.onnx.export(net.eval(), values, file, dynamo=False, opset_version=17)
    model = onnx.load_model_from_string(file.getvalue())
    return onnx_cost.count(model, onnx_contract.of_model(model), "float32")


def flops(net: nn.Module, shapes: list[tuple[int, ...]]) -> int:
    values = [torch.rand(shape) for shape in shapes]
    # oneDNN's recurrent layers are one operation to the counter, which it does not know.
    counter = FlopCounterMode(display=False)
    with torch.backends.mkldnn.flags(enabled=False), torch.no_grad(), counter:
        net.eval()(*values)
    return int(counter.get_total_flops())


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"network_of_{path.parent.name}", path)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded
