"""The bounded warp: equal to bilinear sampling, exact in half precision, in ops that compile."""

from __future__ import annotations

import io
import warnings

import onnx
import pytest
import torch
from torch import Tensor

from edgebuild.nn.warp import BoundedWarp, sample

HEIGHT, WIDTH, RADIUS_X, RADIUS_Y = 12, 16, 6, 4


@pytest.fixture
def warp() -> BoundedWarp:
    return BoundedWarp(channels=2, radius_x=RADIUS_X, radius_y=RADIUS_Y)


def test_equals_bilinear_sampling_for_any_flow_within_the_radii(warp: BoundedWarp) -> None:
    torch.manual_seed(1)
    image = torch.randn(3, 2, HEIGHT, WIDTH)
    flow = torch.rand(3, 4, HEIGHT, WIDTH) * 2 - 1
    flow = flow * torch.tensor([RADIUS_X, RADIUS_X, RADIUS_Y, RADIUS_Y]).reshape(1, 4, 1, 1)
    torch.testing.assert_close(warp(image, flow), sample(image, flow), atol=1e-5, rtol=0)


def test_equals_bilinear_sampling_at_the_radii(warp: BoundedWarp) -> None:
    image = torch.rand(1, 2, HEIGHT, WIDTH)
    for x in (-RADIUS_X, RADIUS_X):
        for y in (-RADIUS_Y, RADIUS_Y):
            flow = _flow(x, y)
            torch.testing.assert_close(warp(image, flow), sample(image, flow), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("x", "y", "value"),
    [
        (1, 1, 6.0),
        (1, 0.25, 0.75 * 2 + 0.25 * 6),
        (1.5, 0.5, (2 + 3 + 6 + 7) / 4),
        (0, -0.5, 0.5 * 1),
        (2, 2.5, 0.5 * 11),
        (4, 1, 0.0),
    ],
)
def test_sample_is_bilinear_and_0_outside(x: float, y: float, value: float) -> None:
    image = torch.arange(1.0, 13.0).reshape(1, 1, 3, 4)  # 1 2 3 4 / 5 6 7 8 / 9 10 11 12
    flow = torch.zeros(1, 2, 3, 4)
    flow[0, :, 1, 1] = torch.tensor([x - 1, y - 1])
    assert sample(image, flow)[0, 0, 1, 1].item() == pytest.approx(value, abs=1e-5)


def test_each_channel_has_its_own_flow_and_x_comes_before_y(warp: BoundedWarp) -> None:
    image = torch.rand(1, 2, HEIGHT, WIDTH)
    flow = torch.zeros(1, 4, HEIGHT, WIDTH)
    flow[:, 0], flow[:, 3] = 2, -3  # the first channel moves in x, the second in y
    moved = warp(image, flow)
    assert torch.equal(moved[:, 0, :, :-2], image[:, 0, :, 2:])
    assert torch.equal(moved[:, 0, :, -2:], torch.zeros(1, HEIGHT, 2))
    assert torch.equal(moved[:, 1, 3:], image[:, 1, :-3])


def test_fades_to_0_within_a_pixel_beyond_a_radius(warp: BoundedWarp) -> None:
    image = torch.ones(1, 2, HEIGHT, WIDTH)
    middle = (0, 0, HEIGHT // 2, WIDTH // 2)
    assert warp(image, _flow(RADIUS_X, 0))[middle].item() == 1
    assert warp(image, _flow(RADIUS_X + 0.25, 0))[middle].item() == 0.75
    assert warp(image, _flow(0, RADIUS_Y + 1))[middle].item() == 0


def test_is_exact_in_half_precision_where_the_flow_is_whole(warp: BoundedWarp) -> None:
    """Device compilers round constants to fp16; none of them changes, and none of the pixels."""
    for name, constant in warp.named_buffers():
        assert torch.equal(constant.half().float(), constant), name
    torch.manual_seed(2)
    image = torch.rand(1, 2, HEIGHT, WIDTH).half()
    flow = torch.randint(-4, 5, (1, 4, HEIGHT, WIDTH)).half()
    found = warp.half()(image, flow).float()
    expected = sample(image.float(), flow.float())
    torch.testing.assert_close(found, expected, atol=2e-6, rtol=0)  # of sample's float32


def test_half_precision_loses_no_more_than_its_rounding(warp: BoundedWarp) -> None:
    torch.manual_seed(3)
    image = torch.rand(1, 2, HEIGHT, WIDTH).half()
    flow = (torch.rand(1, 4, HEIGHT, WIDTH) * 8 - 4).half()
    error = warp.half()(image, flow).float() - sample(image.float(), flow.float())
    assert error.abs().max() < 4 * 2**-11  # four roundings of a value below 1


def test_the_gradient_of_the_flow_is_that_of_sampling(warp: BoundedWarp) -> None:
    torch.manual_seed(4)
    image = torch.rand(1, 2, HEIGHT, WIDTH)
    flow = (torch.rand(1, 4, HEIGHT, WIDTH) * 6 - 3).requires_grad_()
    weight = torch.randn(1, 2, HEIGHT, WIDTH)
    (found,) = torch.autograd.grad((warp(image, flow) * weight).sum(), flow)
    (expected,) = torch.autograd.grad((sample(image, flow) * weight).sum(), flow)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_nothing_is_learnt_or_stored(warp: BoundedWarp) -> None:
    assert not list(warp.parameters())
    assert not warp.state_dict()


def test_exports_to_convolutions_that_the_myriad_keeps_on_its_engine(warp: BoundedWarp) -> None:
    """No gathering, and no wide convolution that would be cut in tiles or run on SHAVE cores."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's own, of its older exporter
        torch.onnx.export(
            warp.eval(),
            (torch.rand(1, 2, HEIGHT, WIDTH), _flow(0, 0)),
            file,
            dynamo=False,
            opset_version=13,
        )
    model = onnx.load_model_from_string(file.getvalue())
    ops = [node.op_type for node in model.graph.node]
    assert set(ops) - {"Identity", "Constant"} == {"Conv", "Relu", "Concat", "Mul"}
    assert ops.count("Mul") == 2
    constants = [n.attribute[0].t for n in model.graph.node if n.op_type == "Constant"]
    shapes = [tuple(t.dims) for t in (*model.graph.initializer, *constants) if len(t.dims) == 4]
    wide = [outputs for outputs, _, height, width in shapes if height * width > 1]
    assert sum(wide) == 2 * (2 * RADIUS_X + 1) * (2 * RADIUS_Y + 1)
    assert max(wide) <= 48


def _flow(x: float, y: float) -> Tensor:
    flow = torch.empty(1, 4, HEIGHT, WIDTH)
    flow[:, :2], flow[:, 2:] = x, y
    return flow
