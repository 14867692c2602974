import numpy as np
import pytest
import stepcall
from onnx import TensorProto, helper, numpy_helper

from edgebuild.formats import onnx_file
from edgebuild.steps import examples
from edgebuild.steps.passes import quantize_int8


@pytest.fixture(scope="session")
def quantised(tmp_path_factory):
    """The tiny model of the examples in 8 bits, every op with Q/DQ."""
    folder = tmp_path_factory.mktemp("quantised")
    return stepcall.run(
        quantize_int8,
        folder / "step",
        {
            "model": examples.write_model(folder / "model.onnx"),
            "calibration": examples.images(folder / "calibration.npz"),
        },
        params=quantize_int8.Params(target="qnn"),
        contract=examples.CONTRACT,
        source_contract=examples.CONTRACT,
    )["model"]


@pytest.fixture
def network(tmp_path):
    """Writes an ONNX of these nodes, float input `x` and output `y` of [1, 4, 8, 8]."""

    def write(*nodes, inputs=("x",), outputs=("y",), types=None, shapes=None, opset=17):
        def value(name):
            kind = (types or {}).get(name, TensorProto.FLOAT)
            return helper.make_tensor_value_info(name, kind, (shapes or {}).get(name, [1, 4, 8, 8]))

        weights = np.random.default_rng(0).normal(size=(4, 4, 3, 3)).astype(np.float32) * 0.1
        graph = helper.make_graph(
            [helper.make_node("Conv", ["x", "w"], ["c"], "conv", pads=[1, 1, 1, 1]), *nodes],
            "main",
            [value(name) for name in inputs],
            [value(name) for name in outputs],
            [numpy_helper.from_array(weights, "w")],
        )
        opsets = [helper.make_opsetid("", opset)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        path = tmp_path / "network.onnx"
        onnx_file.save(model, path)
        return path

    return write
