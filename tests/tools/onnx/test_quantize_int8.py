import os
import subprocess
import sys

import numpy as np
import onnx
import pytest
import stepcall
from onnx import TensorProto, helper, numpy_helper

from edgebuild.formats import dataset, onnx_contract, onnx_file, onnx_run
from edgebuild.formats.answers import answers
from edgebuild.qnn import coverage, fuse, hoist, ranges
from edgebuild.qnn.prepare import PrepareError, prepare
from edgebuild.steps import agreement, examples
from edgebuild.steps.passes import quantize_int8
from edgebuild.steps.passes.quantize_int8 import Params, QuantizeError

pytestmark = pytest.mark.filterwarnings("default")

RANDOM = np.random.default_rng(0)


def weights(name, *shape):
    return numpy_helper.from_array((RANDOM.normal(size=shape) * 0.3).astype(np.float32), name)


def constant(name, *values, kind=np.int64):
    return numpy_helper.from_array(np.array(values, kind), name)


def network(nodes, output, *initializers, opset=13):
    """A model from `x` [1, 4, 16, 16] to `y`."""
    graph = helper.make_graph(
        nodes,
        "main",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 16, 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output)],
        [weights("w", 4, 4, 3, 3), *initializers],
    )
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def conv(source="x", target="c"):
    return helper.make_node("Conv", [source, "w"], [target], "conv", pads=[1, 1, 1, 1])


def relu(source="p"):
    return helper.make_node("Relu", [source], ["y"], "relu")


def quantise(folder, model, *, count=8, data=None, **params):
    """The pass on a model of `x`; standard normal samples."""
    folder.mkdir(exist_ok=True)
    onnx_file.save(onnx.shape_inference.infer_shapes(model), folder / "given.onnx")
    contract = onnx_contract.of_model(onnx_file.load(folder / "given.onnx"))
    if data is None:
        data = {"x": RANDOM.normal(size=(count, 1, 4, 16, 16)).astype(np.float32)}
    dataset.save(folder / "calibration.npz", {"inputs": data})
    outputs = stepcall.run(
        quantize_int8,
        folder / "step",
        {"model": folder / "given.onnx", "calibration": folder / "calibration.npz"},
        params=Params(**{"target": "qnn", **params}),
        contract=contract,
        source_contract=contract,
    )
    return onnx_file.load(outputs["model"])


def sqnr(before, after, samples=4):
    """How well two models of `x` agree on standard normal samples."""
    data = {"inputs": {"x": RANDOM.normal(size=(samples, 1, 4, 16, 16)).astype(np.float32)}}
    contract = onnx_contract.of_model(before)
    found = []
    for model in (before, after):
        session = onnx_run.session(model)
        found.append(answers(lambda f, s=session: onnx_run.run(s, f), data, contract, contract))
    return agreement.sqnr(found[0]["outputs"]["y"], found[1]["outputs"]["y"])


def tiny(folder, **params):
    """The pass on the tiny model of the examples."""
    return stepcall.run(
        quantize_int8,
        folder,
        {
            "model": examples.write_model(folder.parent / "model.onnx"),
            "calibration": examples.images(folder.parent / "calibration.npz"),
        },
        params=Params(**params),
        contract=examples.CONTRACT,
        source_contract=examples.CONTRACT,
    )["model"]


# ---------------------------------------------------------------- every op gets Q/DQ, and truly


POOL = helper.make_node("MaxPool", ["c"], ["p"], "op", kernel_shape=[2, 2], strides=[2, 2])
NETWORKS = {
    "a Relu behind a MaxPool": network([conv(), POOL, relu()], [1, 4, 8, 8]),
    "a Relu right at the input": network(
        [
            helper.make_node("Relu", ["x"], ["r"], "relu"),
            helper.make_node("MaxPool", ["r"], ["p"], "op", kernel_shape=[2, 2]),
            conv("p", "y"),
        ],
        [1, 4, 15, 15],
    ),
    "a Relu behind a linear Resize": network(
        [conv(), helper.make_node("Resize", ["c", "", "s"], ["p"], "op", mode="linear"), relu()],
        [1, 4, 32, 32],
        constant("s", 1, 1, 2, 2, kind=np.float32),
    ),
    "a Relu behind a Resize to the nearest": network(
        [conv(), helper.make_node("Resize", ["c", "", "s"], ["p"], "op"), relu()],
        [1, 4, 32, 32],
        constant("s", 1, 1, 2, 2, kind=np.float32),
    ),
    "a Relu behind a Concat": network(
        [conv(), helper.make_node("Concat", ["c", "x"], ["p"], "op", axis=1), relu()],
        [1, 8, 16, 16],
    ),
    "a Relu behind a Gather": network(
        [conv(), helper.make_node("Gather", ["c", "i"], ["p"], "op", axis=1), relu()],
        [1, 2, 16, 16],
        constant("i", 0, 2),
    ),
    "a factor that a Constant gives as a number": network(
        [
            conv(),
            helper.make_node("Constant", [], ["f"], "factor", value_float=0.7),
            helper.make_node("Mul", ["c", "f"], ["y"], "op"),
        ],
        [1, 4, 16, 16],
    ),
    "Reshape and Clip": network(
        [
            conv(),
            helper.make_node("Reshape", ["c", "shape"], ["p"], "op"),
            helper.make_node("Clip", ["p", "low", "high"], ["y"], "clip"),
        ],
        [1, 1024],
        constant("shape", 1, 1024),
        numpy_helper.from_array(np.float32(0), "low"),
        numpy_helper.from_array(np.float32(1), "high"),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_for_the_htp_every_op_is_quantised(tmp_path, name):
    given = NETWORKS[name]
    model = quantise(tmp_path / "q", given)
    assert coverage.float_nodes(model) == []
    assert sqnr(given, model) > 30


def test_a_relu_behind_a_pooling_folds_into_the_convolution(tmp_path):
    model = quantise(tmp_path / "q", NETWORKS["a Relu behind a MaxPool"])
    assert "Relu" not in {n.op_type for n in model.graph.node}
    pool = next(n for n in model.graph.node if n.op_type == "MaxPool")
    makers = {o: n for n in model.graph.node for o in n.output}
    readers = {i: n for n in model.graph.node for i in n.input}
    before, after = makers[pool.input[0]], readers[pool.output[0]]
    assert list(before.input[1:]) == list(after.input[1:])  # the same scale: the HTP demands it


def test_a_relu_stays_a_node_behind_an_op_the_htp_would_wrap_around_in(tmp_path):
    model = quantise(tmp_path / "q", NETWORKS["a Relu behind a Concat"])
    assert "Relu" in {n.op_type for n in model.graph.node}


AVERAGE = helper.make_node("AveragePool", ["c"], ["y"], "op", kernel_shape=[16, 16])


@pytest.mark.parametrize("target", ["qnn", "generic"])
def test_an_average_has_a_range_of_its_own(tmp_path, target):
    """It is 16 times narrower than what is averaged: in steps of that, 15 dB would be left."""
    given = network([conv(), AVERAGE], [1, 4, 1, 1])
    assert sqnr(given, quantise(tmp_path / "q", given, target=target, count=64)) > 25


@pytest.mark.parametrize("target", ["qnn", "generic"])
@pytest.mark.parametrize("bounds", [(0.5, 2.0), (-2.0, -0.5)])
def test_a_clip_that_leaves_out_zero_still_clips(tmp_path, target, bounds):
    """No range can stand for it, as each has zero in it: without it, 9 dB would be left."""
    clip = helper.make_node("Clip", ["c", "l", "h"], ["y"], "clip")
    values = [numpy_helper.from_array(np.float32(v), n) for v, n in zip(bounds, "lh", strict=True)]
    given = network([conv(), clip], [1, 4, 16, 16], *values)
    assert sqnr(given, quantise(tmp_path / "q", given, target=target)) > 25


@pytest.mark.parametrize("target", ["qnn", "generic"])
def test_a_clip_whose_bound_is_computed_stays(tmp_path, target):
    """On the samples it cuts off nothing, so no range could tell of it."""
    nodes = [
        conv(),
        helper.make_node("ReduceMax", ["x"], ["m"], "max", keepdims=0),
        helper.make_node("Clip", ["c", "", "m"], ["y"], "clip"),
    ]
    given = network(nodes, [1, 4, 16, 16])
    assert "Clip" in {n.op_type for n in quantise(tmp_path, given, target=target).graph.node}


def test_a_clip_around_zero_becomes_a_range(tmp_path):
    clip = helper.make_node("Clip", ["c", "", "high"], ["y"], "clip")
    given = network([conv(), clip], [1, 4, 16, 16], numpy_helper.from_array(np.float32(1), "high"))
    assert "Clip" not in {n.op_type for n in quantise(tmp_path, given).graph.node}


def test_moving_activations_changes_no_answer():
    given = NETWORKS["a Relu behind a MaxPool"]
    moved = onnx.ModelProto.FromString(given.SerializeToString())
    assert hoist.hoist_activations(moved.graph) == 1
    assert [n.op_type for n in moved.graph.node] == ["Conv", "Relu", "MaxPool"]
    assert sqnr(given, moved) == np.inf


def test_an_activation_that_others_read_past_is_not_moved():
    given = network(
        [conv(), POOL, relu(), helper.make_node("Neg", ["p"], ["z"], "neg")], [1, 4, 8, 8]
    )
    assert hoist.hoist_activations(given.graph) == 0


def test_a_batch_norm_on_its_own_becomes_a_convolution(tmp_path):
    norm = helper.make_node("BatchNormalization", ["x", "g", "b", "m", "v"], ["n"], "norm")
    values = [constant(n, *(RANDOM.random(4) + 0.1), kind=np.float32) for n in "gbmv"]
    given = network([norm, conv("n", "y")], [1, 4, 16, 16], *values)
    changed = onnx.shape_inference.infer_shapes(given)
    assert fuse.batch_norms_to_convs(changed.graph) == 1
    assert [n.op_type for n in changed.graph.node] == ["Conv", "Conv"]
    assert sqnr(given, changed) > 100
    assert coverage.float_nodes(quantise(tmp_path / "q", given)) == []


def exponentials(axes_input=True):
    nodes = [
        conv(),
        helper.make_node("Exp", ["c"], ["e"], "exp"),
        helper.make_node("ReduceSum", ["e", "axes"], ["s"], "sum"),
        helper.make_node("Div", ["e", "s"], ["y"], "div"),
    ]
    return network(nodes, [1, 4, 16, 16], constant("axes", 1))


def test_a_softmax_written_out_becomes_one_op():
    given = exponentials()
    changed = onnx.ModelProto.FromString(given.SerializeToString())
    assert fuse.fuse_softmax(changed.graph) == 1
    assert [n.op_type for n in changed.graph.node] == ["Conv", "Softmax"]
    assert sqnr(given, changed) > 100


def test_a_softmax_whose_parts_are_read_elsewhere_stays():
    given = exponentials()
    given.graph.node.append(helper.make_node("Neg", ["s"], ["z"], "neg"))
    assert fuse.fuse_softmax(given.graph) == 0


GEMM_BIASES = {
    "a number": (),
    "one number": (1,),
    "a row": (5,),
    "a row of two dimensions": (1, 5),
    "a column": (4, 1),
    "a matrix": (4, 5),
}


@pytest.mark.parametrize("beta", [1.0, 0.2])
@pytest.mark.parametrize("name", GEMM_BIASES)
def test_what_a_gemm_adds_is_quantised_in_every_form(tmp_path, name, beta):
    """ONNX Runtime's quantiser ends in a traceback, or takes `beta` for 1."""
    gemm = helper.make_node("Gemm", ["r", "b", "a"], ["y"], "gemm", beta=beta)
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["r"], "reshape"), gemm]
    added = numpy_helper.from_array(RANDOM.uniform(5, 9, GEMM_BIASES[name]).astype(np.float32), "a")
    given = network(nodes, [4, 5], constant("shape", 4, 256), weights("b", 256, 5), added)
    given.graph.initializer.remove(given.graph.initializer[0])
    model = quantise(tmp_path / "q", given, count=64)
    assert coverage.float_nodes(model) == []
    assert sqnr(given, model) > 20


def test_an_answer_that_is_one_number_is_compared(tmp_path):
    mean = helper.make_node("ReduceMean", ["c"], ["y"], "mean", keepdims=0)
    model = quantise(tmp_path / "q", network([conv(), mean], []))
    assert onnx_contract.of_model(model).outputs["y"].shape == ()


def test_a_value_without_elements_has_a_range(tmp_path):
    nodes = [
        conv(),
        helper.make_node("Slice", ["c", "none", "none", "axis"], ["e"], "slice"),
        helper.make_node("Concat", ["c", "e"], ["y"], "join", axis=1),
    ]
    given = network(nodes, [1, 4, 16, 16], constant("none", 0), constant("axis", 1))
    assert sqnr(given, quantise(tmp_path / "q", given, target="generic")) > 25


def test_control_flow_is_refused_for_the_htp(tmp_path):
    branch = helper.make_graph(
        [helper.make_node("Neg", ["c"], ["n"], "neg")],
        "branch",
        [],
        [helper.make_tensor_value_info("n", TensorProto.FLOAT, [1, 4, 16, 16])],
    )
    choice = helper.make_node("If", ["yes"], ["y"], "if", then_branch=branch, else_branch=branch)
    given = network([conv(), choice], [1, 4, 16, 16], constant("yes", True, kind=np.bool_))
    given.graph.initializer[-1].ClearField("dims")
    with pytest.raises(QuantizeError) as caught:
        quantise(tmp_path / "q", given)
    assert str(caught.value) == (
        "error: the HTP has no control flow\n"
        "  if  If has graphs inside it\n"
        "hint: export the branch that is used, or unroll the loop"
    )


# ---------------------------------------------------------------------------- older opsets


def test_an_upsample_of_opset_9_keeps_its_meaning(tmp_path):
    upsample = helper.make_node("Upsample", ["c", "s"], ["y"], "up", mode="linear")
    scales = constant("s", 1, 1, 2, 2, kind=np.float32)
    given = network([conv(), upsample], [1, 4, 32, 32], scales, opset=9)
    ready = prepare(given, opset=13, htp=False, folder=tmp_path)
    assert onnx_file.opset(ready) == 13
    assert sqnr(given, ready) > 100


def test_an_opset_that_cannot_be_had_is_named(tmp_path):
    odd = helper.make_node("Scan", ["x"], ["y"], "scan", num_scan_inputs=1)
    odd.attribute.append(helper.make_attribute("body", helper.make_graph([], "b", [], [])))
    with pytest.raises(PrepareError, match="cannot be brought from opset 8 to 13, which Q/DQ"):
        prepare(network([odd], [1, 4, 16, 16], opset=8), opset=13, htp=False, folder=tmp_path)


# ---------------------------------------------------------------------------- parameters


def types_of(model, op):
    points = {t.name: t.data_type for t in model.graph.initializer}
    return {points[n.input[2]] for n in model.graph.node if n.op_type == op and len(n.input) > 2}


def test_eight_bits_by_default_and_weights_per_channel(tmp_path):
    model = onnx_file.load(tiny(tmp_path / "a", target="qnn"))
    assert types_of(model, "QuantizeLinear") == {TensorProto.UINT8}
    weight = next(t for t in model.graph.initializer if len(t.dims) == 4)
    assert weight.data_type == TensorProto.INT8
    reader = next(n for n in model.graph.node if n.input[0] == weight.name)
    scale = next(t for t in model.graph.initializer if t.name == reader.input[1])
    assert list(scale.dims) == [weight.dims[0]]


def test_sixteen_bit_activations_use_the_standards_own_ops(tmp_path):
    model = onnx_file.load(tiny(tmp_path / "a", target="qnn", activation="uint16"))
    assert types_of(model, "QuantizeLinear") == {TensorProto.UINT16}
    assert onnx_file.opset(model) == 21
    assert {n.domain for n in model.graph.node} == {""}


def test_more_bits_agree_better(tmp_path):
    given = network([conv(), POOL, relu()], [1, 4, 8, 8])
    eight = sqnr(given, quantise(tmp_path / "a", given, count=64))
    sixteen = sqnr(given, quantise(tmp_path / "b", given, count=64, activation="uint16"))
    assert sixteen > eight + 3


def input_range(model):
    """What the pair behind the input can express."""
    node = next(n for n in model.graph.node if n.input[0] == "x" and n.op_type == "QuantizeLinear")
    values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    return float(values[node.input[1]]) * 255


@pytest.mark.parametrize("method", ["percentile", "entropy"])
def test_outliers_are_cut_off_by_the_methods_that_say_so(tmp_path, method):
    given = network([conv("x", "y")], [1, 4, 16, 16])
    values = RANDOM.normal(size=(8, 1, 4, 16, 16)).astype(np.float32)
    values[3, 0, 0, 0, 0] = 1000.0
    wide = quantise(tmp_path / "a", given, data={"x": values})
    cut = quantise(tmp_path / "b", given, data={"x": values}, method=method, percentile=99)
    assert input_range(wide) > 1000
    assert input_range(cut) < 600


def test_only_the_first_samples_count_where_told(tmp_path):
    given = network([conv("x", "y")], [1, 4, 16, 16])
    values = RANDOM.normal(size=(4, 1, 4, 16, 16)).astype(np.float32)
    values[2:] *= 100
    assert input_range(quantise(tmp_path / "a", given, data={"x": values}, samples=2)) < 20
    assert input_range(quantise(tmp_path / "b", given, data={"x": values})) > 200


@pytest.mark.parametrize("word", ["conv2", "Sigmoid"])
def test_nodes_and_types_of_op_named_stay_in_floats(tmp_path, word):
    model = onnx_file.load(tiny(tmp_path / "a", target="qnn", keep_float=(word,)))
    left = {n.name for n in coverage.float_nodes(model)}
    assert left == {{"Sigmoid": "sigmoid"}.get(word, word)}


def test_for_anything_else_too_the_model_is_quantised_and_answers(tmp_path):
    model = onnx_file.load(tiny(tmp_path / "a"))
    assert coverage.is_quantised(model)
    assert onnx_contract.of_model(model).inputs["image"].dtype == "float32"


def test_ranges_follow_from_fed_not_from_raw_values(tmp_path):
    """The contract has mean and scale: raw images reach 255, what the model sees about 2.5."""
    model = onnx_file.load(tiny(tmp_path / "a", target="qnn"))
    node = next(n for n in model.graph.node if n.input[0] == "image")
    values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    assert float(values[node.input[1]]) * 255 < 6


def ranges_of_x(values, **settings):
    model = onnx.shape_inference.infer_shapes(network([conv("x", "y")], [1, 4, 16, 16]))
    feeds = [{"x": sample} for sample in values.reshape(-1, 1, 4, 16, 16)]
    return ranges.observe(model, feeds, **settings)["x"]


def test_a_percentile_leaves_so_many_values_outside():
    values = np.arange(-5120, 5120, dtype=np.float32)  # ten samples
    low, high = ranges_of_x(values, method="percentile", percentile=80)
    assert abs(low + 4096) < 16
    assert abs(high - 4096) < 16
    assert ranges_of_x(values) == (-5120, 5119)


def test_what_is_zero_does_not_count_as_inside():
    values = np.zeros(10240, np.float32)
    values[:1024] = np.arange(1024)
    _, high = ranges_of_x(values, method="percentile", percentile=50)
    assert abs(high - 768) < 2


def test_least_divergence_keeps_an_even_distribution_whole():
    values = np.linspace(-1, 1, 102400, dtype=np.float32)
    assert ranges_of_x(values, method="entropy") == pytest.approx((-1, 1), abs=0.02)


def test_a_value_inside_that_is_no_number_is_named(tmp_path):
    given = network([helper.make_node("Log", ["x"], ["l"], "log"), conv("l", "y")], [1, 4, 16, 16])
    with pytest.raises(ranges.RangeError, match="value `l` is not a number on calibration sample"):
        quantise(tmp_path / "q", given)


# ---------------------------------------------------------------------------- same bytes


def test_same_bytes_in_another_process_folder_and_with_another_hash_seed(tmp_path):
    here = tiny(tmp_path / "a", target="qnn").read_bytes()
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}; import pathlib, stepcall; "
        "from edgebuild.steps import examples; from edgebuild.steps.passes import quantize_int8; "
        "f = pathlib.Path(sys.argv[1]); f.mkdir(); "
        "stepcall.run(quantize_int8, f / 'step', "
        "{'model': examples.write_model(f / 'm.onnx'), "
        "'calibration': examples.images(f / 'c.npz')}, "
        "params=quantize_int8.Params(target='qnn'), contract=examples.CONTRACT, "
        "source_contract=examples.CONTRACT)"
    )
    there = tmp_path / "another, longer folder"
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    subprocess.run([sys.executable, "-c", program, str(there)], check=True, env=environment)
    assert (there / "step" / "out" / "model.onnx").read_bytes() == here


# ---------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"other": np.zeros((2, 1), np.float32)}, "the calibration data has no values for input"),
        ({"x": np.zeros((0, 1, 4, 16, 16), np.float32)}, "the calibration data is empty"),
        ({"x": np.zeros((2, 0, 4, 16, 16), np.float32)}, "the calibration data is empty"),
        ({"x": np.zeros((2, 1, 4, 16, 16), np.float32)}, "all calibration values of input `x` are"),
        (
            {"x": np.full((2, 1, 4, 16, 16), np.nan, np.float32)},
            "calibration values of input `x` are not all numbers",
        ),
    ],
)
def test_calibration_data_that_tells_no_range_is_refused(tmp_path, data, message):
    with pytest.raises(QuantizeError, match=message):
        quantise(tmp_path / "q", network([conv("x", "y")], [1, 4, 16, 16]), data=data)


def test_constant_data_is_refused_with_its_value(tmp_path):
    data = {"x": np.full((2, 1, 4, 16, 16), 3.0, np.float32)}
    with pytest.raises(QuantizeError) as caught:
        quantise(tmp_path / "q", network([conv("x", "y")], [1, 4, 16, 16]), data=data)
    assert str(caught.value) == (
        "error: all calibration values of input `x` are 3.0\n"
        "hint: a range follows from data that varies: use real samples"
    )


def test_an_output_that_is_always_zero_is_refused(tmp_path):
    given = network(
        [helper.make_node("Sub", ["x", "x"], ["s"], "sub"), conv("s", "y")], [1, 4, 16, 16]
    )
    with pytest.raises(ranges.RangeError) as caught:
        quantise(tmp_path / "q", given)
    assert str(caught.value) == (
        "error: output `y` is 0 on all calibration samples, so it has no range\n"
        "hint: use samples on which the network answers something, such as faces"
    )


def test_unsigned_weights_per_channel_are_refused(tmp_path):
    with pytest.raises(QuantizeError) as caught:
        tiny(tmp_path / "a", weight="uint8")
    assert str(caught.value) == (
        "error: weights of type uint8 cannot have a scale for each channel\n"
        "hint: use `weight: int8`, or `per_channel: false`"
    )
    assert tiny(tmp_path / "b", weight="uint8", per_channel=False).exists()


def test_a_name_that_is_not_there_is_refused_with_the_nearest(tmp_path):
    with pytest.raises(QuantizeError) as caught:
        tiny(tmp_path / "a", target="qnn", keep_float=("sigmiod",))
    assert str(caught.value) == (
        "error: `keep_float` names `sigmiod`, which is no node and no type of op of the model\n"
        "hint: did you mean `sigmoid`?"
    )


def test_a_quantised_model_is_refused(tmp_path):
    model = quantise(tmp_path / "a", network([conv("x", "y")], [1, 4, 16, 16]))
    with pytest.raises(QuantizeError, match="the model is quantised already"):
        quantise(tmp_path / "b", model)
