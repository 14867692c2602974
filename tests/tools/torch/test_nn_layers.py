"""The hardware-aware layers: what they compute, what the published table says, how they export."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from edgebuild.formats import onnx_contract, onnx_cost
from edgebuild.nn.conv import ConvBnRelu
from edgebuild.nn.dense_feat import DenseFeatBlock
from edgebuild.nn.ghost import GhostConv
from edgebuild.nn.partial import PartialBlock, PartialConv
from edgebuild.nn.pixel_shuffle import PixelShuffleUp
from edgebuild.nn.space_to_depth import SpaceToDepth, SpaceToDepthStem
from edgebuild.nn.stdc import StdcBlock

# "Edge AI in Action" (CVPR 2024): operations of a layer over its output positions. The positions
# follow from the rows of plain convolutions: 112,640 with stride 2, 450,560 without.
HALVED, WHOLE = 112_640, 450_560

LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], tuple[int, ...]]] = {
    "conv": (lambda: ConvBnRelu(8, 16, stride=2), (1, 8, 12, 20), (1, 16, 6, 10)),
    "conv with bias": (lambda: ConvBnRelu(8, 16, 1, bias=True), (1, 8, 6, 4), (1, 16, 6, 4)),
    "space to depth": (lambda: SpaceToDepth(4), (1, 3, 12, 20), (1, 48, 3, 5)),
    "stem": (lambda: SpaceToDepthStem(3, 16), (1, 3, 12, 20), (1, 16, 6, 10)),
    "dense feat": (lambda: DenseFeatBlock(16, 32), (1, 16, 12, 20), (1, 32, 6, 10)),
    "ghost": (lambda: GhostConv(16, 24, stride=2), (1, 16, 12, 20), (1, 24, 6, 10)),
    "partial conv": (lambda: PartialConv(16), (1, 16, 6, 10), (1, 16, 6, 10)),
    "partial block": (lambda: PartialBlock(16), (1, 16, 6, 10), (1, 16, 6, 10)),
    "pixel shuffle": (lambda: PixelShuffleUp(16, 8), (1, 16, 6, 10), (1, 8, 12, 20)),
}


@pytest.mark.parametrize(
    ("layer", "parameters", "shown"),
    [
        (ConvBnRelu(1, 32), 352, "352"),
        (ConvBnRelu(32, 64), 18_560, "18.56 K"),
        (ConvBnRelu(64, 128), 73_984, "73.98 K"),
        (ConvBnRelu(32, 32), 9_280, "9.28 K"),
        (ConvBnRelu(64, 64), 36_992, "36.992 K"),
        (GhostConv(32, 64), 10_144, "10.144 K"),
        (GhostConv(64, 128), 38_720, "38.720 K"),
        (DenseFeatBlock(32, 64), 15_536, "15.53 K"),
        (DenseFeatBlock(64, 128), 61_888, "61.88 K"),
        (PartialBlock(32, 2, bias=True), 742, "742"),
        (PartialBlock(64, 2, bias=True), 2_630, "2.630 K"),
    ],
)
def test_parameters_are_those_of_the_table(layer: nn.Module, parameters: int, shown: str) -> None:
    assert _parameters(layer) == parameters
    assert _shown(parameters, shown) == shown


@pytest.mark.parametrize(
    ("layer", "positions", "shown"),
    [
        (ConvBnRelu(1, 32, stride=2), HALVED, "46.858 M"),
        (ConvBnRelu(32, 64, stride=2), HALVED, "2.105 G"),
        (ConvBnRelu(64, 128, stride=2), HALVED, "8.362 G"),
        (ConvBnRelu(32, 32), WHOLE, "4.21 G"),
        (ConvBnRelu(64, 64), WHOLE, "16.725 G"),
        (GhostConv(32, 64, stride=2), HALVED, "1.157 G"),
        (GhostConv(64, 128, stride=2), HALVED, "4.390 G"),
        (DenseFeatBlock(32, 64), HALVED, "1.764 G"),
        (DenseFeatBlock(64, 128), HALVED, "7 G"),
        (PartialBlock(32, 2, bias=True), WHOLE, "320.79 M"),
        (PartialBlock(64, 2, bias=True), WHOLE, "1.157 G"),
    ],
)
def test_operations_are_those_of_the_table(layer: nn.Module, positions: int, shown: str) -> None:
    assert _shown(_operations(layer) * positions, shown) == shown


@pytest.mark.parametrize(
    ("layer", "inputs", "positions", "parameters", "shown"),
    [
        (ConvBnRelu(1, 32, stride=2), 1, HALVED, 352, "46.858 M"),
        (ConvBnRelu(32, 64, stride=2), 32, HALVED, 18_560, "2.105 G"),
        (ConvBnRelu(64, 128, stride=2), 64, HALVED, 73_984, "8.362 G"),
        (ConvBnRelu(32, 32), 32, WHOLE, 9_280, "4.21 G"),
        (ConvBnRelu(64, 64), 64, WHOLE, 36_992, "16.725 G"),
        (GhostConv(32, 64, stride=2), 32, HALVED, 10_144, "1.157 G"),
        (GhostConv(64, 128, stride=2), 64, HALVED, 38_720, "4.390 G"),
        (DenseFeatBlock(32, 64), 32, HALVED, 15_536, "1.764 G"),
        (DenseFeatBlock(64, 128), 64, HALVED, 61_888, "7 G"),
        (PartialBlock(32, 2, bias=True), 32, WHOLE, 742, "320.79 M"),
        (PartialBlock(64, 2, bias=True), 64, WHOLE, 2_630, "1.157 G"),
    ],
)
def test_the_cost_of_the_exported_layer_is_that_of_the_table(
    layer: nn.Module, inputs: int, positions: int, parameters: int, shown: str
) -> None:
    # The table's operations are MACs and others together; a sum with the input it leaves out.
    for parameter in layer.parameters():
        nn.init.normal_(parameter)  # the exporter keeps equal ones once
    model = _exported(layer.eval(), torch.rand(1, inputs, 8, 8), fused=False)
    cost = onnx_cost.count(model, onnx_contract.of_model(model), "float32")
    assert cost.params == parameters
    others = sum(one.other_ops for one in cost.layers if one.op != "Add")
    exported = 16 if positions == HALVED else 64
    assert _shown((cost.macs + others) * positions // exported, shown) == shown


def test_a_partial_convolution_costs_a_sixteenth_of_a_full_one() -> None:
    full = nn.Conv2d(32, 32, 3, padding=1, bias=False)
    assert _parameters(PartialConv(32)) * 16 == _parameters(full)


def test_a_stem_is_one_large_convolution_with_a_large_stride() -> None:
    # The table's rows of space-to-depth (1 to 32 channels: 150 parameters, 26.04 M operations) are
    # not reproduced: per position they are no whole number of operations, and the structure behind
    # them is not published.
    stem, plain = SpaceToDepthStem(3, 16), ConvBnRelu(3, 16, 6, stride=2)
    assert _parameters(stem) == _parameters(plain)
    x = torch.rand(1, 3, 12, 20)
    kernels = stem[1][0].weight.reshape(16, 2, 2, 3, 3, 3)  # out, dy, dx, in, row, column
    plain[0].weight.data = kernels.permute(0, 3, 4, 1, 5, 2).reshape(16, 3, 6, 6).detach()
    plain[0].padding = (2, 2)
    with torch.no_grad():
        torch.testing.assert_close(stem.eval()(x), plain.eval()(x))


@pytest.mark.parametrize("name", LAYERS)
def test_shape(name: str) -> None:
    build, before, after = LAYERS[name]
    assert build().eval()(torch.rand(before)).shape == after


@pytest.mark.parametrize("name", LAYERS)
def test_export_answers_as_the_layer_does_in_ops_that_every_target_takes(name: str) -> None:
    build, shape, _ = LAYERS[name]
    torch.manual_seed(1)
    layer = build().eval()
    x = torch.rand(shape)
    model = _exported(layer, x)
    # Identity is how the exporter shares equal constants; `simplify` removes it.
    assert {node.op_type for node in model.graph.node} <= {
        "Conv", "Relu", "Concat", "Split", "Add", "SpaceToDepth", "DepthToSpace", "Constant",
        "Identity",
    }  # fmt: skip
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (answer,) = session.run(None, {"x": x.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(answer, layer(x).numpy(), atol=1e-5)


def test_space_to_depth_is_one_node_of_known_shape() -> None:
    model = _exported(SpaceToDepth(4), torch.rand(1, 3, 8, 12))
    assert [node.op_type for node in model.graph.node] == ["SpaceToDepth"]
    sizes = [d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim]
    assert sizes == [1, 48, 2, 3]


def test_space_to_depth_keeps_every_pixel_in_its_place() -> None:
    x = torch.arange(2 * 4 * 6).reshape(1, 2, 4, 6).float()
    y = SpaceToDepth(2)(x)
    for dy in range(2):
        for dx in range(2):
            for c in range(2):
                assert torch.equal(y[0, (dy * 2 + dx) * 2 + c], x[0, c, dy::2, dx::2])


def test_space_to_depth_has_the_gradient_of_a_rearrangement() -> None:
    x = torch.rand(2, 3, 6, 4, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(SpaceToDepth(2), x)


def test_space_to_depth_refuses_what_does_not_divide() -> None:
    with pytest.raises(ValueError, match="6x5 pixels are no multiple of 2"):
        SpaceToDepth(2)(torch.rand(1, 1, 6, 5))


def test_ghosts_come_from_the_primary_features() -> None:
    layer = GhostConv(8, 12).eval()
    x = torch.rand(1, 8, 6, 10)
    with torch.no_grad():
        primary, ghosts = layer(x).chunk(2, dim=1)
        assert torch.equal(primary, layer.primary(x))
        assert torch.equal(ghosts, layer.cheap(primary))


def test_partial_convolution_leaves_the_other_channels_alone() -> None:
    x = torch.rand(1, 16, 6, 10)
    with torch.no_grad():
        y = PartialConv(16)(x)
    assert torch.equal(y[:, 4:], x[:, 4:])
    assert not torch.equal(y[:, :4], x[:, :4])


def test_dense_feat_joins_every_link_of_its_chain() -> None:
    layer = DenseFeatBlock(16, 64).eval()
    x = torch.rand(1, 16, 8, 8)
    with torch.no_grad():
        parts = layer(x).split([32, 16, 8, 4, 4], dim=1)
        for link, part in zip(layer.chain, parts, strict=True):
            x = link(x)
            assert torch.equal(part, x)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: DenseFeatBlock(16, 40), "40 channels are no multiple of 16"),
        (lambda: GhostConv(16, 5), "5 channels have no half"),
        (lambda: PartialConv(18), "18 channels cannot be divided by 4"),
    ],
)
def test_channels_that_do_not_divide_are_refused(
    build: Callable[[], nn.Module], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def _parameters(layer: nn.Module) -> int:
    return sum(p.numel() for p in layer.parameters())


def _operations(layer: nn.Module) -> int:
    """An output position's, as the table counts: multiplications, 4 for a normalised value."""
    total = 0
    for part in layer.modules():
        if isinstance(part, nn.Conv2d):
            total += part.weight.numel()
        elif isinstance(part, nn.BatchNorm2d):
            total += 4 * part.num_features
    return total


def _shown(value: int, like: str) -> str:
    """As the table prints it: three decimals, of which it may cut the last ones off."""
    number, _, unit = like.partition(" ")
    if not unit:
        return str(value)
    text = f"{value / {'K': 1e3, 'M': 1e6, 'G': 1e9}[unit]:.3f}"
    return f"{text[: len(number)]} {unit}"


def _exported(layer: nn.Module, x: Tensor, *, fused: bool = True) -> onnx.ModelProto:
    """Batch normalisations folded into convolutions, as deployed; or left as they are."""
    modes = torch.onnx.TrainingMode
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's own, of its older exporter
        torch.onnx.export(
            layer, (x,), file, dynamo=False, opset_version=13, input_names=["x"], output_names=["y"],
            training=modes.EVAL if fused else modes.PRESERVE, do_constant_folding=fused,
        )  # fmt: skip
    return onnx.load_model_from_string(file.getvalue())


@pytest.mark.parametrize(
    ("layer", "fields"),
    [
        (DenseFeatBlock(2, 16, stride=1), [3, 5, 7, 9, 11]),
        (DenseFeatBlock(2, 16, stride=2), [3, 7, 11, 15, 19]),
        (StdcBlock(2, 16), [1, 3, 5, 7]),
        (StdcBlock(2, 16, stride=2), [2, 3, 7, 11]),
    ],
)
def test_joined_features_see_the_fields_that_are_said(layer: nn.Module, fields: list[int]) -> None:
    """The pixels of a row that one answer in the middle depends on, as its gradient tells."""
    for module in layer.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.ones_(module.weight)
    x = torch.ones(1, 2, 64, 64, requires_grad=True)
    middle = layer.eval()(x)[0, :, -1 - 64 // 4, -1 - 64 // 4]
    seen = set()
    for answer in middle:
        (gradient,) = torch.autograd.grad(answer, x, retain_graph=True)
        seen.add(int((gradient[0, 0].abs().sum(0) > 0).sum()))
    assert sorted(seen) == fields
