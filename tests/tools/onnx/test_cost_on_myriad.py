"""Estimated times of what the Myriad X compiler really makes of layers, against times on the device.

"Edge AI in Action" (CVPR 2024) gives them for 128 output channels and stride 2: a pixel shuffle takes 0.228,
0.127 and 0.066 ms at 32x32, 16x16 and 8x8, a transposed convolution 2.988, 0.833 and 0.236 ms. Input
channels and kernels are not given: here 128, 1x1 before the shuffle, and 2x2 to 4x4.
"""

import os
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
import stepcall
from onnx import TensorProto, helper, numpy_helper

from edgebuild.formats import costs, measurements, timings
from edgebuild.step import Call, Contract, Tensor
from edgebuild.steps.backends import myriad_blob
from edgebuild.steps.checks import placement
from edgebuild.steps.probes import costs as probe
from edgebuild.steps.probes import estimate

TOOLS = os.environ.get("EDGEBUILD_TOOLS_MYRIAD", "")
pytestmark = pytest.mark.skipif(
    not TOOLS, reason="EDGEBUILD_TOOLS_MYRIAD does not name the folder of the myriad environment"
)
TARGET = Path(__file__).parents[3] / "manifests/targets/panacast20.yaml"
SIZES = (32, 16, 8)
CHANNELS = 128


def constant(name, *shape):
    values = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def model(nodes, size, weights):
    shapes = {"x": [1, CHANNELS, size, size], "y": [1, CHANNELS, 2 * size, 2 * size]}
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items())
    graph = helper.make_graph(nodes, "main", [x], [y], weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    return onnx.shape_inference.infer_shapes(made)


def pixel_shuffle(size):
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], "conv"),
        helper.make_node("Relu", ["c"], ["r"], "relu"),
        helper.make_node("DepthToSpace", ["r"], ["y"], "up", blocksize=2, mode="CRD"),
    ]
    return model(nodes, size, [constant("w", 4 * CHANNELS, CHANNELS, 1, 1)])


def transposed(size, kernel):
    pads, more = {2: (0, 0), 3: (1, 1), 4: (1, 0)}[kernel]
    settings = {"strides": [2, 2], "pads": [pads] * 4, "output_padding": [more] * 2}
    nodes = [
        helper.make_node("ConvTranspose", ["x", "w"], ["c"], "deconv", **settings),
        helper.make_node("Relu", ["c"], ["y"], "relu"),
    ]
    return model(nodes, size, [constant("w", CHANNELS, CHANNELS, kernel, kernel)])


def roofline():
    """The figures of the target's manifest, without the means to read YAML."""
    found = dict(re.findall(r"\b(fp16|fp16_shave|bandwidth_gb_s): ([\d.]+)", TARGET.read_text()))
    return {
        "peak_gops": {key: float(found[key]) for key in ("fp16", "fp16_shave")},
        "bandwidth_gb_s": float(found["bandwidth_gb_s"]),
        "source": "the manifest",
    }


def estimated(net, folder, shaves=4):
    """The costs of the blob that the backend makes of it, and where its placement is."""
    folder.mkdir(parents=True)
    onnx.save(net, folder / "model.onnx")
    (folder / "out").mkdir()
    (folder / "work").mkdir()
    sides = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
             for v in (*net.graph.input, *net.graph.output)}  # fmt: skip
    before, after = (
        Contract(inputs={"x": Tensor(shape=tuple(sides["x"]), dtype=dtype)},
                 outputs={"y": Tensor(shape=tuple(sides["y"]), dtype=dtype)})
        for dtype in ("float32", "float16")
    )  # fmt: skip
    made = {port: folder / "out" / name for port, name in myriad_blob.KIND.produces.items()}
    myriad_blob.KIND.run(
        Call(
            params=myriad_blob.Params(shaves=shaves),
            facts={"contract": before.to_json()},
            inputs={"model": folder / "model.onnx"},
            outputs=made,
            folder=folder / "work",
            tools=Path(TOOLS),
        )
    )
    found = stepcall.run(
        probe,
        folder / "probe",
        {"model": folder / "model.onnx", "placement": made["placement"], "blob": made["blob"]},
        contract=after,
        floats=myriad_blob.KIND.floats,
        roofline=roofline(),
    )["costs"]
    return found, made["placement"]


def ms(net, folder):
    found, _ = estimated(net, folder)
    made = timings.load(stepcall.run(estimate, folder / "estimate", {"costs": found})["timings"])
    assert (made.by, made.evidence, made.runs) == ("roofline", "estimated", 0)
    assert made.p95 == pytest.approx(costs.load(found).ms)
    return made.p95


def test_estimates_order_as_times_on_the_device_do(tmp_path):
    shuffled = [ms(pixel_shuffle(size), tmp_path / f"shuffle-{size}") for size in SIZES]
    assert shuffled == sorted(shuffled, reverse=True)
    for kernel in (2, 3, 4):
        times = [ms(transposed(size, kernel), tmp_path / f"{kernel}-{size}") for size in SIZES]
        assert times == sorted(times, reverse=True)
        assert all(slow > fast for slow, fast in zip(times, shuffled, strict=True)), (
            f"a transposed convolution of {kernel}x{kernel} is not slower than a pixel shuffle"
        )
    # Of the kernel that fits the device's times best, no estimate is above them or below half.
    for estimated_ms, measured_ms in zip(times, (2.988, 0.833, 0.236), strict=True):
        assert measured_ms / 2 < estimated_ms < measured_ms


def test_the_compiler_puts_zeros_in_and_the_estimate_knows(tmp_path):
    found, _ = estimated(transposed(16, 4), tmp_path / "four")
    (layer,) = costs.load(found).layers
    assert (layer.op, layer.engine, layer.bound) == ("ConvTranspose+Relu", "NCE", "compute")
    roof = roofline()
    computing = 2 * 4 * layer.macs / roof["peak_gops"]["fp16"] / 1e6
    writing = (layer.input_bytes + layer.dense_bytes) / roof["bandwidth_gb_s"] / 1e6
    assert layer.ms == pytest.approx(computing + writing)


def test_macs_on_a_shave_are_timed_and_counted_there(tmp_path):
    found, places = estimated(transposed(16, 3), tmp_path / "three", shaves=2)
    (layer,) = costs.load(found).layers
    assert layer.engine == "SHAVE"
    rate = 2 * roofline()["peak_gops"]["fp16_shave"]  # two cores
    assert layer.ms == pytest.approx(2 * layer.macs / rate / 1e6)
    made = stepcall.run(placement, tmp_path / "check", {"placement": places, "costs": found})
    rows, details = measurements.load(made["measurements"])
    shares = {row.metric: (row.value, row.evidence) for row in rows if "_share_" in row.metric}
    assert shares == {
        "placement.mac_share_accelerator": (0.0, "host"),
        "placement.mac_share_shave": (1.0, "host"),
        "placement.mac_share_fallback": (1.0, "host"),
        "placement.ms_share_accelerator": (0.0, "estimated"),
    }
    assert details["macs_by_engine"] == {"SHAVE": layer.macs}
    assert details["ms_by_engine"] == {"SHAVE": layer.ms}
