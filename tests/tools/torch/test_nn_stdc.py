"""The STDC block: its four branches, its sizes, and what is left of it after export."""

from __future__ import annotations

import io
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from edgebuild.nn.stdc import StdcBlock


@pytest.mark.parametrize(("stride", "after"), [(1, (2, 32, 12, 20)), (2, (2, 32, 6, 10))])
def test_shape(stride: int, after: tuple[int, ...]) -> None:
    assert StdcBlock(16, 32, stride)(torch.rand(2, 16, 12, 20)).shape == after


@pytest.mark.parametrize("stride", [1, 2])
def test_joins_four_branches_of_ever_fewer_channels(stride: int) -> None:
    block = StdcBlock(16, 64, stride).eval()
    x = torch.rand(1, 16, 8, 12)
    with torch.no_grad():
        first, second, third, fourth = block(x).split([32, 16, 8, 8], dim=1)
        made = block.first(x)
        assert torch.equal(first, torch.nn.functional.avg_pool2d(made, stride))
        assert torch.equal(second, block.second(made))
        assert torch.equal(third, block.third(second))
        assert torch.equal(fourth, block.fourth(third))


def test_each_branch_sees_two_pixels_further() -> None:
    torch.manual_seed(1)
    block = StdcBlock(8, 64).eval()
    x = torch.zeros(1, 8, 17, 17)
    x[:, :, 8, 8] = 5
    with torch.no_grad():
        changed = (block(x) - block(torch.zeros_like(x))).abs() > 0
    widths = [int(part.any(1).any(1).sum()) for part in changed.split([32, 16, 8, 8], dim=1)]
    assert widths == [1, 3, 5, 7]


def test_costs_less_than_one_plain_convolution() -> None:
    parameters = sum(p.numel() for p in StdcBlock(128, 128).parameters())
    norms = 2 * 128
    assert parameters == 128 * 64 + 9 * (64 * 32 + 32 * 16 + 16 * 16) + norms
    assert parameters < 9 * 128 * 128 / 4


@pytest.mark.parametrize("stride", [1, 2])
def test_export_folds_the_normalisation_and_pools_without_padding(stride: int) -> None:
    torch.manual_seed(2)
    block = StdcBlock(16, 32, stride)
    with torch.no_grad():
        for _ in range(3):
            block(torch.randn(4, 16, 8, 12))  # running statistics that are not the initial ones
    block.eval()
    x = torch.rand(1, 16, 8, 12)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's own, of its older exporter
        torch.onnx.export(block, (x,), file, dynamo=False, opset_version=13, input_names=["x"])
    model = onnx.load_model_from_string(file.getvalue())
    nodes = [node for node in model.graph.node if node.op_type not in ("Identity", "Constant")]
    pools = [node for node in nodes if node.op_type == "AveragePool"]
    assert {n.op_type for n in nodes} - {"AveragePool"} == {"Conv", "Relu", "Concat"}
    assert len(pools) == (stride == 2)
    for pool in pools:
        pads = [a.ints for a in pool.attribute if a.name == "pads"]
        assert not any(any(p) for p in pads)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (answer,) = session.run(None, {"x": x.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(answer, block(x).numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("outputs", "stride", "message"),
    [(36, 1, "36 channels have no eighth"), (32, 3, "stride 3 is neither 1 nor 2")],
)
def test_what_cannot_be_is_refused(outputs: int, stride: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StdcBlock(16, outputs, stride)
