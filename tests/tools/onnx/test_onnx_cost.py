"""What a model costs: operations by hand, bytes by the types that a chip keeps, traffic, what is alive."""

import dataclasses

import numpy as np
import onnx
import pytest
import stepcall
from onnx import TensorProto, helper, numpy_helper

from edgebuild.formats import costs, onnx_contract, onnx_cost, onnx_file, onnx_macs, placement
from edgebuild.formats.onnx_buffers import CostError
from edgebuild.step import Contract
from edgebuild.steps.probes import costs as probe

FLOAT, HALF, BYTE = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8


def constant(name, *shape, dtype=np.float32):
    return numpy_helper.from_array(np.ones(shape, dtype), name)


def model(nodes, inputs, outputs, constants=(), opset=17):
    def values(shapes):
        return [
            helper.make_tensor_value_info(n, *(s if isinstance(s, tuple) else (FLOAT, s)))
            for n, s in shapes.items()
        ]

    graph = helper.make_graph(nodes, "main", values(inputs), values(outputs), list(constants))
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    return onnx.shape_inference.infer_shapes(made, data_prop=True)


def node(op, inputs, outputs, name="", **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), name or op, **attributes)


def count(made, floats="float32", **types):
    """Counted with inputs and outputs as the model has them, but for those given by name."""
    contract = onnx_contract.of_model(made)

    def typed(side):
        return {n: dataclasses.replace(t, dtype=types.get(n, t.dtype)) for n, t in side.items()}

    return onnx_cost.count(
        made, Contract(inputs=typed(contract.inputs), outputs=typed(contract.outputs)), floats
    )


# ----------------------------------------------------------------------- operations


@pytest.mark.parametrize(
    ("made", "macs"),
    [
        (node("Conv", "x w", "y", strides=[2, 2], pads=[1] * 4), 9 * 8 * 16 * 30),
        (node("Conv", "x g", "y", group=4, pads=[1] * 4), 9 * 2 * 16 * 120),
        (node("Conv", "x d", "y", group=8, pads=[1] * 4), 9 * 8 * 120),
        (node("ConvTranspose", "x t", "y", strides=[2, 2]), 9 * 8 * 16 * 120),
        (node("ConvTranspose", "x tg", "y", strides=[2, 2], group=2), 9 * 8 * 4 * 120),
        (node("MatMul", "a b", "y"), 2 * 3 * 5 * 7),
        (node("MatMul", "a v", "y"), 2 * 3 * 7),
        (node("Gemm", "m k", "y", transA=1), 3 * 7 * 5),
        (node("LSTM", "s wi wr", "y", hidden_size=5), 6 * 2 * 4 * 5 * (7 + 5)),
        (node("GRU", "s gi gr", "y", hidden_size=5, direction="bidirectional"), 6 * 2 * 6 * 60),
        (node("Einsum", "a b", "y", equation="bij,bjk->bik"), 2 * 3 * 5 * 7),
        (node("Einsum", "a", "y", equation="...ij->...ji"), 0),
        (node("Einsum", "a b", "y", equation="...ij, ...jk -> ...ik"), 2 * 3 * 5 * 7),
        # What torch 2.13's FlopCounterMode says, halved:
        (node("Einsum", "m k", "y", equation="ij,ik->k"), 7 * 5),
        (node("Einsum", "m m", "y", equation="ij,ij->ij"), 0),
        (node("Einsum", "m m", "y", equation="ij,ij"), 7 * 3),
        (node("Einsum", "m k", "y", equation="ij,kl->ijkl"), 0),
        (node("Einsum", "m k k", "y", equation="ij,ik,lk->jl"), 7 * 3 * 5 + 3 * 5 * 7),
        (node("Einsum", "a v", "y", equation="...i,i->..."), 2 * 3 * 7),
        (node("MaxPool", "x", "y", kernel_shape=[2, 2]), 0),
        (node("DFT", "s", "y"), None),
    ],
    ids=lambda value: getattr(value, "op_type", ""),
)  # fmt: skip
def test_macs_of_one_node(made, macs):
    weights = [
        constant("w", 16, 8, 3, 3), constant("g", 16, 2, 3, 3), constant("d", 8, 1, 3, 3),
        constant("t", 8, 16, 3, 3), constant("tg", 8, 4, 3, 3), constant("v", 7),
        constant("wi", 1, 20, 7), constant("wr", 1, 20, 5), constant("gi", 2, 15, 7),
        constant("gr", 2, 15, 5),
    ]  # fmt: skip
    inputs = {
        "x": [1, 8, 10, 12], "a": [2, 3, 7], "b": [2, 7, 5], "m": [7, 3], "k": [7, 5],
        "s": [6, 2, 7],
    }  # fmt: skip
    unknown = {"y": (FLOAT, None)}
    used = {n: s for n, s in inputs.items() if n in made.input}
    graph = model([made], used, unknown, [w for w in weights if w.name in made.input])
    buffers = {v.name: v for v in graph.graph.output}
    dims = [d.dim_value for d in buffers["y"].type.tensor_type.shape.dim]
    assert all(dims), "the test's own shapes"
    assert count(graph).macs == macs


def test_nothing_is_told_of_what_depends_on_values():
    """Weights inside of branches would be left out of every sum."""
    one = [helper.make_tensor_value_info("t", FLOAT, [1, 8])]
    branch = helper.make_graph([node("MatMul", "x w", "t")], "b", [], one, [constant("w", 8, 8)])
    chooses = helper.make_node(
        "If", ["c"], ["y"], name="choose", then_branch=branch, else_branch=branch
    )
    made = model(
        [chooses], {"x": (FLOAT, [1, 8]), "c": (onnx.TensorProto.BOOL, [])}, {"y": (FLOAT, [1, 8])}
    )
    with pytest.raises(CostError, match=r"depends on its values: `choose` \(If\) has graphs"):
        count(made)


def test_quantised_operators_of_onnx_itself():
    zero, scale = constant("z", dtype=np.uint8), constant("s")
    weight = constant("w", 4, 3, 3, 3, dtype=np.uint8)
    made = model(
        [node("QLinearConv", "x s z w s z s z", "y", pads=[1] * 4)],
        {"x": (BYTE, [1, 3, 8, 8])}, {"y": (BYTE, [1, 4, 8, 8])}, [zero, scale, weight],
    )  # fmt: skip
    found = count(made, "float16")
    assert (found.macs, found.params, found.weight_bytes) == (9 * 3 * 4 * 64, 108, 108)
    assert found.layers[0].precision == "int8"


def test_operations_beside_macs_are_those_of_the_opcounter():
    def shapes(name):
        return {"x": (2, 4, 6, 8), "p": (2, 4, 1, 1), "r": (2, 4, 12, 16)}[name]

    def ops(made):
        return onnx_macs.other_ops(made, shapes)

    assert ops(node("BatchNormalization", "x", "x")) == 4 * 384
    assert ops(node("Relu", "x", "x")) == 0
    assert ops(node("Softmax", "x", "x", axis=1)) == 3 * 384 - 96
    assert ops(node("GlobalAveragePool", "x", "p")) == 384 + 8
    assert ops(node("Resize", "x", "r", mode="linear")) == 11 * 1536
    assert ops(node("Resize", "x", "r", mode="nearest")) == 1536


def test_what_is_not_counted_is_not_zero():
    made = model([node("DFT", "x", "y")], {"x": [1, 8, 1]}, {"y": [1, 8, 2]})
    found = count(made)
    assert (found.macs, found.intensity) == (None, None)
    assert [layer.name for layer in found.uncounted] == ["DFT"]


# ---------------------------------------------------------------------------- bytes


def conv_relu(**options):
    nodes = [node("Conv", "x w b", "c", pads=[1] * 4), node("Relu", "c", "y")]
    weights = [constant("w", 4, 3, 3, 3), constant("b", 4)]
    return model(nodes, {"x": [1, 3, 8, 8]}, {"y": [1, 4, 8, 8]}, weights, **options)


def test_a_convolution_with_its_activation_is_one_layer_in_the_chips_type():
    cpu, chip = count(conv_relu()), count(conv_relu(), "float16", x="float16", y="float16")
    (layer,) = chip.layers
    assert (layer.name, layer.op, layer.output) == ("Conv", "Conv+Relu", "y")
    assert layer.nodes == ("Conv", "Relu")
    assert (layer.input_bytes, layer.weight_bytes, layer.output_bytes) == (384, 224, 512)
    assert (layer.precision, cpu.layers[0].precision) == ("fp16", "fp32")
    assert cpu.traffic == {k: 2 * v for k, v in chip.traffic.items()}
    assert chip.traffic == {"input": 384, "weights": 224, "activations": 0, "output": 512}
    assert (chip.macs, chip.params) == (27 * 4 * 64, 112)
    assert chip.intensity == 2 * chip.macs / (384 + 224 + 512)


def test_bytes_fed_are_the_artifacts_and_their_conversion_is_a_layer():
    found = count(conv_relu(), "float16", x="uint8", y="float16")
    convert, conv = found.layers
    assert (convert.op, convert.output, convert.macs) == ("Convert", "x", 0)
    assert (convert.input_bytes, convert.output_bytes, conv.input_bytes) == (192, 384, 384)
    assert found.traffic == {"input": 192, "weights": 224, "activations": 768, "output": 512}


def quantised(io="float"):
    """Conv and MaxPool as `quantize_int8` makes them: every value between Q and DQ."""
    scale, zero = constant("s"), constant("z", dtype=np.uint8)
    weights = [
        constant("wq", 4, 3, 3, 3, dtype=np.int8), constant("bq", 4, dtype=np.int32),
        constant("wz", dtype=np.int8), constant("bz", dtype=np.int32), scale, zero,
    ]  # fmt: skip
    inner = [
        node("DequantizeLinear", "xq s z", "x1", "dq_x"),
        node("DequantizeLinear", "wq s wz", "w", "dq_w"),
        node("DequantizeLinear", "bq s bz", "b", "dq_b"),
        node("Conv", "x1 w b", "c", pads=[1] * 4),
        node("QuantizeLinear", "c s z", "cq", "q_c"),
        node("DequantizeLinear", "cq s z", "c1", "dq_c"),
        node("MaxPool", "c1", "m", kernel_shape=[2, 2], strides=[2, 2]),
        node("QuantizeLinear", "m s z", "mq", "q_m"),
    ]
    if io == "quantised":
        return model(inner, {"xq": (BYTE, [1, 3, 8, 8])}, {"mq": (BYTE, [1, 4, 4, 4])}, weights)
    first, last = (
        node("QuantizeLinear", "x s z", "xq", "q_x"),
        node("DequantizeLinear", "mq s z", "y", "dq_y"),
    )
    nodes = [first, *inner, last]
    return model(nodes, {"x": [1, 3, 8, 8]}, {"y": [1, 4, 4, 4]}, weights)


def test_quantised_values_take_a_byte_and_their_pairs_are_no_layers():
    found = count(quantised(), "float16")
    assert [layer.name for layer in found.layers] == ["q_x", "Conv", "MaxPool", "dq_y"]
    assert [layer.op for layer in found.layers] == ["Convert", "Conv", "MaxPool", "Convert"]
    assert [layer.nodes for layer in found.layers] == [
        ("q_x", "dq_x"), ("Conv", "q_c", "dq_c"), ("MaxPool", "q_m"), ("dq_y",),
    ]  # fmt: skip
    conv = found.layers[1]
    assert (conv.input_bytes, conv.weight_bytes, conv.output_bytes) == (192, 108 + 16, 256)
    assert (conv.precision, conv.macs, conv.params) == ("int8", 27 * 4 * 64, 112)
    assert found.traffic == {
        "input": 4 * 192,  # floats, as they are fed
        "weights": 124,
        "activations": 192 + 192 + 256 + 256 + 64 + 64,
        "output": 4 * 64,
    }


def test_quantised_edges_need_no_conversion():
    found = count(quantised("quantised"), "float16")
    assert [layer.op for layer in found.layers] == ["Conv", "MaxPool"]
    assert found.traffic == {"input": 192, "weights": 124, "activations": 512, "output": 64}


def test_q_dq_of_another_domain_counts_alike():
    made = quantised()
    plain = count(made, "float16")
    for one in made.graph.node:
        if one.op_type.endswith("Linear"):
            one.domain = "com.microsoft"
    del made.graph.value_info[:]
    assert dataclasses.replace(count(made, "float16"), layers=()) == dataclasses.replace(
        plain, layers=()
    )


def test_a_value_that_is_also_read_as_float_is_copied():
    nodes = [
        node("Relu", "x", "r"),
        node("QuantizeLinear", "r s z", "rq"),
        node("DequantizeLinear", "rq s z", "rf"),
        node("MaxPool", "rf", "p", kernel_shape=[1, 1]),
        node("Sigmoid", "r", "y"),
    ]
    weights = [constant("s"), constant("z", dtype=np.uint8)]
    made = model(nodes, {"x": [1, 1, 4, 4]}, {"p": [1, 1, 4, 4], "y": [1, 1, 4, 4]}, weights)
    found = {layer.op: layer for layer in count(made, "float16", x="float16", y="float16").layers}
    assert (found["QuantizeLinear"].input_bytes, found["QuantizeLinear"].output_bytes) == (32, 16)
    assert (found["Sigmoid"].input_bytes, found["MaxPool"].input_bytes) == (32, 16)


def test_a_cast_to_the_chips_own_type_is_none():
    nodes = [
        node("Cast", "x", "h", "in", to=HALF),
        node("Conv", "h w", "c", pads=[1] * 4),
        node("Cast", "c", "y", "out", to=FLOAT),
    ]
    weights = [constant("w", 4, 3, 3, 3, dtype=np.float16)]
    made = model(nodes, {"x": [1, 3, 8, 8]}, {"y": [1, 4, 8, 8]}, weights)
    chip = count(made, "float16", x="float16", y="float16")
    assert [layer.op for layer in chip.layers] == ["Conv"]
    fed = count(made, "float16")  # floats go in and come out
    assert [(x.op, x.name) for x in fed.layers] == [
        ("Convert", "in"), ("Conv", "Conv"), ("Convert", "out"),
    ]  # fmt: skip
    assert [x.op for x in count(made).layers] == ["Cast", "Conv", "Cast"]


# --------------------------------------------------------------------------- layers


def test_what_fuses_and_what_does_not():
    nodes = [
        node("Conv", "x w", "c", "conv"),
        node("Mul", "c scale", "m", "scale"),
        node("Add", "m shift", "s", "shift"),
        node("Relu", "s", "r", "relu"),
        node("Conv", "r v", "d", "second"),  # what it gives is read twice
        node("Relu", "d", "e", "two"),
        node("Add", "d e", "f", "sum"),
        node("Clip", "f", "g", "clip"),
        node("Mul", "g whole", "y", "mask"),
    ]
    weights = [
        constant("w", 4, 3, 1, 1), constant("scale", 1, 4, 1, 1), constant("shift", 1),
        constant("v", 4, 4, 1, 1), constant("whole", 1, 4, 6, 6),
    ]  # fmt: skip
    found = count(model(nodes, {"x": [1, 3, 6, 6]}, {"y": [1, 4, 6, 6]}, weights))
    assert [(layer.name, layer.op) for layer in found.layers] == [
        ("conv", "Conv+Mul+Add+Relu"),
        ("second", "Conv"),
        ("two", "Relu"),
        ("sum", "Add+Clip"),
        ("mask", "Mul"),
    ]
    assert [layer.params for layer in found.layers] == [12 + 4 + 1, 16, 0, 0, 144]
    assert found.traffic["activations"] == 4 * 144 * (2 + 3 + 2 + 2)


def test_an_output_in_between_is_written_and_stays_a_layer():
    nodes = [node("Conv", "x w", "c"), node("Relu", "c", "y")]
    made = model(
        nodes, {"x": [1, 3, 8, 8]}, {"c": [1, 4, 8, 8], "y": [1, 4, 8, 8]},
        [constant("w", 4, 3, 1, 1)],
    )  # fmt: skip
    found = count(made)
    assert [layer.op for layer in found.layers] == ["Conv", "Relu"]
    assert found.traffic["output"] == 2 * 1024
    assert found.traffic["activations"] == 1024  # read by Relu


def test_views_constants_and_their_like_are_no_layers():
    nodes = [
        node("Identity", "w", "w1"),
        node("Transpose", "w1", "w2", perm=[1, 0]),
        node("Constant", "", "shape", value=numpy_helper.from_array(np.array([2, 12]))),
        node("Flatten", "x", "f"),
        node("Reshape", "f shape", "r"),
        node("MatMul", "r w2", "p"),
        node("Dropout", "p", "q"),
        node("Unsqueeze", "q axis", "y"),
    ]
    weights = [constant("w", 5, 12), constant("axis", 1, dtype=np.int64)]
    found = count(model(nodes, {"x": [2, 3, 4]}, {"y": [2, 1, 5]}, weights))
    (layer,) = found.layers
    assert layer.nodes == ("MatMul", "Flatten", "Reshape", "Dropout", "Unsqueeze")
    assert (found.macs, found.params, found.weight_bytes) == (120, 60, 240)


def test_weights_count_once_in_memory_and_each_time_in_traffic():
    nodes = [node("Conv", "x w", "c", "one"), node("Conv", "c w", "y", "two")]
    found = count(
        model(nodes, {"x": [1, 4, 8, 8]}, {"y": [1, 4, 8, 8]}, [constant("w", 4, 4, 1, 1)])
    )
    assert (found.params, found.weight_bytes, found.traffic["weights"]) == (16, 64, 128)


def test_settings_are_no_parameters_and_a_normalisation_has_two_a_channel():
    nodes = [
        node("BatchNormalization", "x g b m v", "n"),
        node("Resize", "n  scales", "r"),
        node("Slice", "r from to", "y"),
    ]
    nodes[1].input[:] = ["n", "", "scales"]
    weights = [
        *(constant(name, 4) for name in "gbmv"),
        numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales"),
        numpy_helper.from_array(np.array([0, 0, 0, 0]), "from"),
        numpy_helper.from_array(np.array([1, 4, 8, 2]), "to"),
    ]
    found = count(model(nodes, {"x": [1, 4, 4, 4]}, {"y": [1, 4, 8, 2]}, weights))
    assert (found.params, found.weight_bytes, found.macs) == (8, 32, 0)
    assert found.layers[2].input_bytes == found.layers[2].output_bytes == 4 * 64  # what it takes


def test_a_table_is_read_where_it_is_looked_up():
    made = model(
        [node("Gather", "table i", "y")], {"i": (TensorProto.INT64, [3])}, {"y": [3, 8]},
        [constant("table", 1000, 8)],
    )  # fmt: skip
    found = count(made)
    assert found.weight_bytes == 32_000
    assert found.traffic == {"input": 24, "weights": 96, "activations": 0, "output": 96}


def test_peak_is_what_is_alive_at_once():
    nodes = [
        node("Relu", "x", "a", "first"),
        node("MaxPool", "a", "b", "small", kernel_shape=[2, 2], strides=[2, 2]),
        node("Resize", "b", "c", "large"),
        node("Add", "a c", "y", "join"),
    ]
    nodes[2].input[:] = ["b", "", "scales"]
    scales = numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales")
    made = model(nodes, {"x": [1, 1, 8, 8]}, {"y": [1, 1, 8, 8]}, [scales])
    a, b, c, y = 256, 64, 256, 256
    assert count(made).peak_activation_bytes == max(a + a, a + b, a + b + c, a + c + y)


def test_an_input_that_two_layers_read_is_traffic_twice_and_alive_until_the_second():
    nodes = [node("Relu", "x", "a"), node("Sigmoid", "a", "b"), node("Add", "x b", "y")]
    found = count(model(nodes, {"x": [16]}, {"y": [16]}))
    assert found.traffic == {"input": 128, "weights": 0, "activations": 256, "output": 64}
    assert found.peak_activation_bytes == 3 * 64


@pytest.mark.parametrize("floats", ["float32", "float16"])
@pytest.mark.parametrize("made", [conv_relu(), quantised(), quantised("quantised")])
def test_layers_add_up_to_the_whole(made, floats):
    found = count(made, floats)
    assert sum(layer.traffic_bytes for layer in found.layers) == found.traffic_bytes
    assert sum(layer.macs for layer in found.layers) == found.macs
    assert found.peak_activation_bytes >= max(
        layer.input_bytes + layer.output_bytes for layer in found.layers
    )


def test_a_transposed_convolution_over_put_in_zeros():
    made = model(
        [node("ConvTranspose", "x w", "y", strides=[2, 2], pads=[1] * 4)],
        {"x": [1, 8, 32, 32]}, {"y": [1, 16, 64, 64]}, [constant("w", 8, 16, 4, 4)],
    )  # fmt: skip
    (layer,) = count(made, "float16", x="float16", y="float16").layers
    assert layer.macs == 16 * 8 * 16 * 32 * 32
    assert layer.dense_macs == 4 * layer.macs  # at each place of the output
    assert layer.dense_bytes == 2 * 8 * 67 * 67  # 63 wide with zeros between, 2 more at each side


# ---------------------------------------------------------------------------- probe


def dynamic():
    nodes = [node("NonZero", "x", "n"), node("ReduceSum", "n axes", "y", keepdims=1)]
    axes = numpy_helper.from_array(np.array([1]), "axes")
    output = {"y": (TensorProto.INT64, [1, 1])}
    return model(nodes, {"x": [4]}, output, [axes])


def test_a_shape_that_is_not_known_is_an_error():
    with pytest.raises(CostError) as error:
        count(dynamic())
    assert str(error.value) == (
        "error: the shape of `n` is not known\n"
        "hint: give the model static shapes, and put `simplify` into the recipe"
    )


def probed(folder, made, contract=None, stages=(), **facts):
    folder.mkdir()
    onnx_file.save(made, folder / "model.onnx")
    placement.save(folder / "placement.json", stages)
    inputs = {"model": folder / "model.onnx", "placement": folder / "placement.json"}
    facts = {
        "contract": contract or onnx_contract.of_model(made),
        "floats": "float32",
        "roofline": {},
        **facts,
    }
    return costs.load(stepcall.run(probe, folder / "step", inputs, **facts)["costs"])


def test_the_probe_gives_the_reason_in_place_of_figures(tmp_path):
    found = probed(tmp_path / "p", dynamic())
    assert found == costs.unknown("the shape of `n` is not known")


def test_the_probe_times_layers_where_they_run(tmp_path):
    roof = {"peak_gops": {"fp32": 2}, "bandwidth_gb_s": 1, "source": "a test"}
    stage = placement.Stage(name="c", op="Conv2d", engine="HTP", layer="Relu")
    found = probed(tmp_path / "p", conv_relu(), stages=[stage], roofline=roof)
    (layer,) = found.layers
    assert (layer.engine, layer.bound) == ("HTP", "compute")
    assert found.ms == layer.ms == pytest.approx(2 * 6912 / 2e9 * 1e3)
    assert found.roofline == {
        "precision": "fp32", "peak_gops": 2, "bandwidth_gb_s": 1, "source": "a test",
    }  # fmt: skip
