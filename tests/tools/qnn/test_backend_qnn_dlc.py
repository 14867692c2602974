import json
import subprocess
import sys

import pytest
import stepcall
from onnx import TensorProto, helper

from edgebuild.formats import contract_file, dlc, onnx_contract, onnx_file, placement
from edgebuild.qnn import QnnError, nearest
from edgebuild.qnn.socs import SOCS, soc_of
from edgebuild.steps import examples
from edgebuild.steps.backends import qnn_dlc
from edgebuild.steps.backends.qnn_dlc import Params

SM8250, SM8550 = {"soc_model": 21}, {"soc_model": 43}

pytestmark = pytest.mark.filterwarnings("default")


def build(folder, model, device, contract=examples.CONTRACT, **params):
    return stepcall.run(
        qnn_dlc, folder, {"model": model}, params=Params(**params), contract=contract, device=device
    )


def graph_of(outputs):
    return dlc.read(outputs["dlc"].read_bytes()).graphs[0]


# ------------------------------------------------------------------------- what it makes


def test_every_node_of_the_dlc_runs_on_the_htp_and_names_its_layer(tmp_path, quantised):
    outputs = build(tmp_path / "b", quantised, SM8250)
    stages = placement.load(outputs["placement"])
    assert [s.name for s in stages] == [n.name for n in graph_of(outputs).nodes]
    assert {s.engine for s in stages} == {"HTP"}
    layers = {s.layer: s.op for s in stages}
    assert layers["conv1"] == layers["conv2"] == "Conv2d"
    assert layers["sigmoid"] == "Neuron"
    assert not any(s.fallback for s in stages)


def test_the_contract_is_the_models_with_what_no_dlc_can_tell(tmp_path, quantised):
    outputs = build(tmp_path / "b", quantised, SM8250)
    assert contract_file.load(outputs["contract"]) == examples.CONTRACT


def test_io_quantized_leaves_integers_at_the_edges_with_their_scales(tmp_path, quantised):
    outputs = build(tmp_path / "b", quantised, SM8250, io="quantized")
    found = contract_file.load(outputs["contract"])
    promised = qnn_dlc.change_contract(Params(io="quantized"), examples.CONTRACT)
    assert contract_file.differences(promised, found) == []
    assert found.inputs["image"].dtype == found.outputs["mask"].dtype == "uint8"
    rows = json.loads(outputs["contract"].read_text())
    tensor = graph_of(outputs).tensors["image"]
    assert rows["inputs"][0]["quantization"] == {
        "bits": 8,
        "scale": tensor.quantization.scales[0],
        "offset": tensor.quantization.offsets[0],
    }
    assert not {"Quantize", "Dequantize"} & {n.op for n in graph_of(outputs).nodes}


def test_same_bytes_in_another_folder_and_process(tmp_path, quantised):
    here = build(tmp_path / "b", quantised, SM8250)["dlc"].read_bytes()
    code = (
        "import sys, pathlib, stepcall; from edgebuild.steps import examples; "
        "from edgebuild.steps.backends import qnn_dlc; "
        "stepcall.run(qnn_dlc, pathlib.Path(sys.argv[1]), {'model': pathlib.Path(sys.argv[2])}, "
        "params=qnn_dlc.Params(), contract=examples.CONTRACT, device={'soc_model': 21})"
    )
    there = tmp_path / "another, longer folder"
    program = f"import sys; sys.path[:0] = {sys.path!r}; {code}"
    subprocess.run([sys.executable, "-c", program, str(there), str(quantised)], check=True)
    assert (there / "out" / "model.dlc").read_bytes() == here
    assert str(tmp_path).encode() not in here


def test_weights_in_the_dlc_are_the_models(tmp_path, quantised):
    from onnx import numpy_helper

    model = onnx_file.load(quantised)
    values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    graph = graph_of(build(tmp_path / "b", quantised, SM8250))
    stored = {n: v for n, v in graph.weights.items() if graph.tensors[n].dtype == "sfxp8"}
    assert len(stored) == 2
    for name, raw in stored.items():
        expected = values[name].transpose(2, 3, 1, 0)
        assert graph.tensors[name].shape == expected.shape
        assert bytes(raw) == expected.tobytes()


def test_integers_stay_what_the_model_has(tmp_path, network):
    node = helper.make_node("ArgMax", ["c"], ["y"], "argmax", axis=1, keepdims=0)
    path = network(node, types={"y": TensorProto.INT64}, shapes={"y": [1, 8, 8]})
    contract = onnx_contract.of_model(onnx_file.load(path))
    outputs = build(tmp_path / "b", path, SM8550, contract)
    assert contract_file.load(outputs["contract"]).outputs["y"].dtype == "int64"


def test_inputs_and_outputs_keep_their_order(tmp_path, network):
    path = network(
        helper.make_node("Relu", ["b"], ["rb"], "rb"),
        helper.make_node("Add", ["rb", "c"], ["z"], "add"),
        helper.make_node("Sub", ["rb", "c"], ["y"], "sub"),
        inputs=("x", "b"),
        outputs=("y", "z"),
    )
    contract = onnx_contract.of_model(onnx_file.load(path))
    found = contract_file.load(build(tmp_path / "b", path, SM8550, contract)["contract"])
    assert (list(found.inputs), list(found.outputs)) == (["x", "b"], ["y", "z"])


# ------------------------------------------------------------------------- what it refuses


def test_a_float_model_is_refused_for_a_chip_without_floats_before_compiling(tmp_path):
    model = examples.write_model(tmp_path / "model.onnx")
    with pytest.raises(QnnError) as caught:
        build(tmp_path / "b", model, SM8250)
    assert str(caught.value) == (
        "error: the HTP of SM8250 has no floating point and the model is not quantised\n"
        "  chip  SM8250 (soc_model 21, Hexagon v66)\n"
        "hint: add the pass `quantize_int8: {target: qnn}` to the recipe"
    )


def test_an_op_that_is_not_supported_is_named_with_the_providers_reason(tmp_path, network):
    path = network(helper.make_node("Det", ["c"], ["y"], "det"), shapes={"y": [1, 4]})
    contract = onnx_contract.of_model(onnx_file.load(path))
    with pytest.raises(QnnError) as caught:
        build(tmp_path / "b", path, SM8550, contract)
    assert str(caught.value) == (
        "error: the HTP of SM8550 does not take 1 node of the model\n"
        "  det  Det: Operators of type `Det` are not supported by QNN EP."
        "Det node `det` will not be assigned to QNN EP.\n"
        "hint: rewrite these ops in the network or by a pass of the recipe"
    )
    assert not (tmp_path / "b" / "out" / "model.dlc").exists()


def resize(network, form, rounding, size):
    """Written: a Resize of 8 x 8 to so many rows and columns."""
    sizes = helper.make_tensor("n", TensorProto.INT64, [4], [1, 4, size, size])
    settings = {"coordinate_transformation_mode": form, "nearest_mode": rounding}
    return network(
        helper.make_node("Constant", [], ["n"], "n", value=sizes),
        helper.make_node("Resize", ["c", "", "", "n"], ["y"], "up", mode="nearest", **settings),
        shapes={"y": [1, 4, size, size]},
    )


def test_a_resize_that_the_htp_rounds_otherwise_is_refused(tmp_path, network):
    """The converter takes it without a word, and the answers are others (-1 dB)."""
    path = resize(network, "half_pixel", "floor", 16)
    contract = onnx_contract.of_model(onnx_file.load(path))
    with pytest.raises(QnnError) as caught:
        build(tmp_path / "b", path, SM8550, contract)
    assert str(caught.value) == (
        "error: the HTP would take other values in a Resize to the nearest one\n"
        "  up  half_pixel, floor, 8 to 16\n"
        "hint: the HTP does `half_pixel` and `align_corners` with `nearest_mode: round_prefer_ceil`, "
        "and `asymmetric` with `floor`: export it so"
    )


@pytest.mark.parametrize(
    ("form", "rounding", "size", "same"),
    [
        ("half_pixel", "round_prefer_floor", 16, True),  # no value lies half way
        ("half_pixel", "round_prefer_floor", 12, False),
        ("half_pixel", "round_prefer_ceil", 12, True),
        ("asymmetric", "floor", 5, True),
        ("align_corners", "floor", 12, False),
        ("pytorch_half_pixel", "round_prefer_floor", 12, True),
        ("pytorch_half_pixel", "round_prefer_ceil", 12, False),
        ("pytorch_half_pixel", "round_prefer_floor", 5, False),
    ],
)
def test_where_the_htp_takes_the_same_values(network, form, rounding, size, same):
    model = onnx_file.load(resize(network, form, rounding, size))
    assert (nearest.differing(model) == {}) == same


def test_a_model_that_would_fall_apart_in_two_is_refused(tmp_path, network):
    path = network(helper.make_node("Mish", ["c"], ["y"], "mish"), opset=18)
    contract = onnx_contract.of_model(onnx_file.load(path))
    with pytest.raises(QnnError, match="does not take 1 node") as caught:
        build(tmp_path / "b", path, SM8550, contract)
    assert "Operators of type `Mish` are not supported" in caught.value.fields["mish"]


def test_a_node_left_in_floats_is_named_with_what_the_htp_says_of_it(tmp_path, network):
    """Q/DQ around the convolution only: the pooling behind it computes in floats."""
    scale = helper.make_node("Constant", [], ["s"], "s", value_float=0.02)
    point = helper.make_tensor("z", TensorProto.UINT8, [], [128])
    path = network(
        scale,
        helper.make_node("Constant", [], ["z"], "z", value=point),
        helper.make_node("QuantizeLinear", ["c", "s", "z"], ["q"], "q"),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"], "dq"),
        helper.make_node("MaxPool", ["d"], ["y"], "pool", kernel_shape=[2, 2]),
        shapes={"y": [1, 4, 7, 7]},
    )
    contract = onnx_contract.of_model(onnx_file.load(path))
    with pytest.raises(QnnError, match="the HTP of SM8250 does not take 1 node") as caught:
        build(tmp_path / "b", path, SM8250, contract)
    fields = caught.value.fields
    assert fields["conv"].startswith("Conv: the HTP refuses Conv2d")
    assert "The SocModel doesn't support FP16" in fields["QNN says"]
    assert fields["not quantised"] == "conv (Conv), pool (MaxPool)"
    assert "which the pass `quantize_int8: {target: qnn}` adds" in caught.value.hint


def test_io_quantized_is_refused_where_the_model_is_not(tmp_path):
    model = examples.write_model(tmp_path / "model.onnx")
    with pytest.raises(QnnError, match="input `image` is not quantised"):
        build(tmp_path / "b", model, SM8550, io="quantized")


def test_the_chip_has_to_be_given():
    with pytest.raises(QnnError) as caught:
        soc_of({"vendor": "Qualcomm", "soc": "QCS8250"})
    assert str(caught.value) == (
        "error: the target does not say which Qualcomm chip it has\n"
        "  device  vendor: Qualcomm, soc: QCS8250\n"
        "hint: give `soc_model` in the target's `device`, such as 21 for SM8250; "
        "`doit kinds kind=qnn_dlc` names more"
    )


@pytest.mark.parametrize("model", [14, 0, -1, 10**6])
def test_an_unknown_chip_is_refused_with_the_known_ones(model):
    with pytest.raises(QnnError, match=f"no chip with soc_model {model} that") as caught:
        soc_of({"soc_model": model})
    assert "21 (SM8250)" in caught.value.hint


def test_known_chips():
    assert (SOCS[21].hexagon, SOCS[21].has_floats) == (66, False)
    assert (SOCS[93].name, SOCS[93].has_floats) == ("QCS6490", False)
    assert (SOCS[43].name, SOCS[43].hexagon, SOCS[43].has_floats) == ("SM8550", 73, True)
