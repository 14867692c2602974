import numpy as np
import pytest
import stepcall
from onnx import helper, numpy_helper

from edgebuild.formats import onnx_file, onnx_names, onnx_run, onnx_values
from edgebuild.step import Contract, Tensor
from edgebuild.steps.passes import simplify

SHAPE = (1, 4, 6, 6)
CONTRACT = Contract(inputs={"x": Tensor(shape=SHAPE)}, outputs={"y": Tensor(shape=SHAPE)})


def model(*nodes):
    random = np.random.default_rng(0)
    constants = {
        "w": random.normal(size=(4, 4, 1, 1)),
        "scale": random.uniform(1, 2, 4),
        "bias": random.normal(size=4),
        "mean": random.normal(size=4),
        "variance": random.uniform(1, 2, 4),
    }
    graph = helper.make_graph(
        nodes,
        "main",
        [helper.make_tensor_value_info("x", 1, SHAPE)],
        [helper.make_tensor_value_info("y", 1, SHAPE)],
        [numpy_helper.from_array(v.astype(np.float32), n) for n, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


CONV = helper.make_node("Conv", ["x", "w"], ["c"], "conv")
NORM = helper.make_node(
    "BatchNormalization", ["c", "scale", "bias", "mean", "variance"], ["n"], "norm"
)
RELU = helper.make_node("Relu", ["n"], ["y"], "relu")


def values(network):
    """What each node of the network makes of the same noise."""
    data = onnx_file.to_bytes(network)
    names = [v.name for v in onnx_values.read(data)]
    session = onnx_run.session(onnx_values.exposed(data, names))
    return onnx_run.run(session, onnx_run.random_inputs(CONTRACT))


def test_simplify_gives_a_folded_batch_norm_its_name(tmp_path):
    before = model(CONV, NORM, RELU)
    onnx_file.save(before, tmp_path / "m.onnx")
    made = stepcall.run(
        simplify, tmp_path / "step", {"model": tmp_path / "m.onnx"}, contract=CONTRACT
    )
    wanted, found = values(before), values(onnx_file.load(made["model"]))
    assert set(found) == {"n", "y"}
    assert all(found[name] == pytest.approx(wanted[name], abs=1e-5) for name in found)


def test_a_value_that_is_new_does_not_have_an_old_name():
    """`c` is something else afterwards, and nothing that was there before."""
    before = model(CONV, NORM, RELU)
    twice = helper.make_node("Add", ["x", "x"], ["c"], "twice")
    after = model(
        twice,
        helper.make_node("Conv", ["c", "w"], ["other"], "conv"),
        helper.make_node("Relu", ["other"], ["y"], "relu"),
    )
    assert onnx_names.keep_meaning(before, after, onnx_run.random_inputs(CONTRACT)) == 1
    assert [list(node.output) for node in after.graph.node] == [["c/1"], ["other"], ["y"]]
    assert list(after.graph.node[1].input) == ["c/1", "w"]
    onnx_file.check(after)


def test_two_that_changed_places_get_their_names_back():
    other = helper.make_node("Sigmoid", ["c"], ["n"], "sigmoid")
    add = helper.make_node("Add", ["c", "n"], ["y"], "add")
    before = model(CONV, other, add)
    swapped = [
        helper.make_node("Conv", ["x", "w"], ["n"], "conv"),
        helper.make_node("Sigmoid", ["n"], ["c"], "sigmoid"),
        helper.make_node("Add", ["n", "c"], ["y"], "add"),
    ]
    after = model(*swapped)
    assert onnx_names.keep_meaning(before, after, onnx_run.random_inputs(CONTRACT)) == 2
    assert onnx_file.to_bytes(after) == onnx_file.to_bytes(before)


def test_an_unchanged_model_stays_as_it_is():
    before, after = model(CONV, NORM, RELU), model(CONV, NORM, RELU)
    assert onnx_names.keep_meaning(before, after, onnx_run.random_inputs(CONTRACT)) == 0
    assert after == before


def test_a_sequence_keeps_its_name():
    before = model(
        CONV,
        helper.make_node("SequenceConstruct", ["c", "x"], ["s"], "both"),
        helper.make_node("ConcatFromSequence", ["s"], ["j"], "join", axis=0),
        helper.make_node("ReduceMean", ["j"], ["y"], "mean", axes=[0]),
    )
    feeds = onnx_run.random_inputs(CONTRACT)
    after = before.FromString(before.SerializeToString())
    assert onnx_names.keep_meaning(before, after, feeds) == 0
