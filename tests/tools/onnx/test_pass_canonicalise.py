import numpy as np
import stepcall
from onnx import helper, numpy_helper

from edgebuild.formats import onnx_file, onnx_run
from edgebuild.step import Contract, Tensor
from edgebuild.steps import examples
from edgebuild.steps.passes import canonicalise


def run(folder, model, contract=examples.CONTRACT):
    (folder / "in.onnx").write_bytes(model.SerializeToString())
    made = stepcall.run(
        canonicalise, folder / "step", {"model": folder / "in.onnx"}, contract=contract
    )
    return onnx_file.load(made["model"])


def test_what_nothing_reads_is_gone(tmp_path):
    model = examples.model()
    model.graph.initializer.append(numpy_helper.from_array(np.ones(3, np.float32), "spare"))
    model.graph.node.append(helper.make_node("Neg", ["r1"], ["d1"]))
    model.graph.node.append(helper.make_node("Exp", ["d1"], ["d2"]))
    model.graph.input.append(helper.make_tensor_value_info("w1", 1, [5, 3, 3, 3]))
    made = run(tmp_path, model)
    assert [n.name for n in made.graph.node] == ["conv1", "relu1", "conv2", "sigmoid"]
    assert sorted(t.name for t in made.graph.initializer) == ["b1", "w1", "w2"]
    assert [v.name for v in made.graph.input] == ["image"]


def test_all_values_have_types_and_static_shapes(tmp_path):
    made = run(tmp_path, examples.model())
    shapes = {
        v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in made.graph.value_info
    }
    assert shapes == {"c1": [1, 5, 6, 4], "r1": [1, 5, 6, 4], "c2": [1, 2, 6, 4]}


def test_unread_optional_outputs_go_required_ones_stay(tmp_path):
    graph = helper.make_graph(
        [
            helper.make_node("MaxPool", ["x"], ["p", "where"], kernel_shape=[2, 2]),
            helper.make_node("TopK", ["p", "k"], ["v", "i"]),
            helper.make_node("Split", ["v"], ["a", "b"], axis=3),
            helper.make_node("Relu", ["a"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", 1, [1, 1, 4, 5])],
        [helper.make_tensor_value_info("y", 1, [1, 1, 3, 1])],
        [numpy_helper.from_array(np.array([2]), "k")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    contract = Contract(
        inputs={"x": Tensor(shape=(1, 1, 4, 5))}, outputs={"y": Tensor(shape=(1, 1, 3, 1))}
    )
    made = run(tmp_path, model, contract)
    assert [list(n.output) for n in made.graph.node] == [["p"], ["v", "i"], ["a", "b"], ["y"]]
    feeds = onnx_run.random_inputs(contract)
    before = onnx_run.run(onnx_run.session(model), feeds)
    assert (before["y"] == onnx_run.run(onnx_run.session(made), feeds)["y"]).all()


def test_functions_are_inlined(tmp_path):
    model = examples.model()
    twice = helper.make_node("Add", ["a", "a"], ["b"])
    opsets = [helper.make_opsetid("", 13)]
    model.functions.append(helper.make_function("my", "Twice", ["a"], ["b"], [twice], opsets))
    model.opset_import.add(domain="my", version=1)
    model.graph.node[1].op_type, model.graph.node[1].domain = "Twice", "my"
    made = run(tmp_path, model)
    assert not made.functions
    assert [n.op_type for n in made.graph.node] == ["Conv", "Add", "Conv", "Sigmoid"]
    assert {o.domain for o in made.opset_import} == {""}


def test_absent_inputs_at_the_end_are_left_out(tmp_path):
    """The Myriad X compiler takes them for inputs and fails."""
    model = examples.model()
    model.graph.node[2].input[2:] = [""]
    made = run(tmp_path, model)
    assert [len(n.input) for n in made.graph.node if n.op_type == "Conv"] == [3, 2]
