import os
import subprocess
import sys

import numpy as np
import pytest
import stepcall
from onnx import TensorProto, helper, numpy_helper

from edgebuild.formats import onnx_file, onnx_run
from edgebuild.step import Contract, Tensor
from edgebuild.steps import agreement, examples
from edgebuild.steps.passes import to_fp16
from edgebuild.steps.passes.to_fp16 import HalfError, Params


def convert(folder, model, contract=examples.CONTRACT, **params):
    onnx_file.save(model, folder / "in.onnx")
    made = stepcall.run(
        to_fp16,
        folder / "step",
        {"model": folder / "in.onnx"},
        params=Params(**params),
        contract=contract,
    )
    return onnx_file.load(made["model"])


def compare(model, half, contract):
    feeds = onnx_run.random_inputs(contract)
    types = {i.name: i.type for i in onnx_run.session(half).get_inputs()}
    halves = {n: a.astype(np.float16) if "16" in types[n] else a for n, a in feeds.items()}
    before = onnx_run.run(onnx_run.session(model), feeds)
    after = onnx_run.run(onnx_run.session(half), halves)
    return min(agreement.sqnr(before[n], after[n]) for n in before)


def graph(nodes, constants=(), x=(1, 3, 4, 4), y=(1, 3, 4, 4), opset=13):
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", 1, x)],
            [helper.make_tensor_value_info("y", 1, y)],
            list(constants),
        ),
        opset_imports=[helper.make_opsetid("", opset)],
    )
    return model, Contract(inputs={"x": Tensor(shape=x)}, outputs={"y": Tensor(shape=y)})


def constant(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.asarray(values, dtype), name)


@pytest.mark.parametrize("keep_io", [True, False])
def test_weights_and_activations_are_halves(tmp_path, keep_io):
    half = convert(tmp_path, examples.model(), keep_io=keep_io)
    assert {t.data_type for t in half.graph.initializer} == {TensorProto.FLOAT16}
    assert compare(examples.model(), half, examples.CONTRACT) > 55
    casts = [n for n in half.graph.node if n.op_type == "Cast"]
    assert len(casts) == (2 if keep_io else 0)
    border = TensorProto.FLOAT if keep_io else TensorProto.FLOAT16
    values = (*half.graph.input, *half.graph.output)
    assert {v.type.tensor_type.elem_type for v in values} == {border}


def test_the_contract_afterwards():
    assert to_fp16.contract(Params(), examples.CONTRACT) == examples.CONTRACT
    after = to_fp16.contract(Params(keep_io=False), examples.CONTRACT)
    assert {t.dtype for t in (*after.inputs.values(), *after.outputs.values())} == {"float16"}


def test_settings_stay_float32(tmp_path):
    resize = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest")
    model, contract = graph([resize], [constant("scales", [1, 1, 4 / 3, 2])], y=(1, 3, 5, 8))
    half = convert(tmp_path, model, contract)
    (scales,) = half.graph.initializer
    assert scales.data_type == TensorProto.FLOAT
    assert compare(model, half, contract) > 55


def test_ops_without_float16_keep_float32(tmp_path):
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("CumSum", ["r", "axis"], ["c"]),
        helper.make_node("Neg", ["c"], ["y"]),
    ]
    axis = numpy_helper.from_array(np.array(2), "axis")
    model, contract = graph(nodes, [axis], opset=11)
    half = convert(tmp_path, model, contract)
    assert compare(model, half, contract) > 50
    types = {v.name: v.type.tensor_type.elem_type for v in half.graph.value_info}
    assert types["r"] == TensorProto.FLOAT16 and types["c"] == TensorProto.FLOAT


def test_constants_and_casts_in_nodes(tmp_path):
    nodes = [
        helper.make_node("Constant", [], ["k"], value_float=0.5),
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("ConstantOfShape", ["s"], ["fill"], value=constant("", [2.0])),
        helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "k"], ["a"]),
        helper.make_node("Add", ["a", "fill"], ["b"]),
        helper.make_node("Add", ["b", "f"], ["y"]),
    ]
    model, contract = graph(nodes, [constant("i", [3], np.int64)])
    half = convert(tmp_path, model, contract, keep_io=False)
    assert not [n for n in half.graph.node if n.op_type == "Cast" and n.input[0] != "i"]
    assert compare(model, half, contract) > 55


def test_graphs_inside_nodes_keep_float32_and_read_it(tmp_path):
    inner = [
        helper.make_graph(
            [helper.make_node("Mul", ["r", "w"], [name])],
            name,
            [],
            [helper.make_tensor_value_info(name, 1, [1, 3, 4, 4])],
        )
        for name in ("then", "else")
    ]
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("If", ["yes"], ["m"], then_branch=inner[0], else_branch=inner[1]),
        helper.make_node("Add", ["m", "w"], ["y"]),
    ]
    model, contract = graph(nodes, [constant("w", [1.5]), constant("yes", True, bool)])
    half = convert(tmp_path, model, contract)
    assert compare(model, half, contract) > 50


def test_bounds_are_clamped_weights_are_refused(tmp_path):
    clip = helper.make_node("Clip", ["x", "low", "high"], ["y"])
    bounds = [constant("low", 0), constant("high", 3.4e38)]
    model, contract = graph([clip], bounds)
    half = convert(tmp_path, model, contract)
    values = {t.name: float(numpy_helper.to_array(t)) for t in half.graph.initializer}
    assert values == {"low": 0, "high": 65504}
    model, contract = graph([helper.make_node("Mul", ["x", "w"], ["y"])], [constant("w", [1e5])])
    (tmp_path / "b").mkdir()
    with pytest.raises(HalfError) as error:
        convert(tmp_path / "b", model, contract)
    assert str(error.value) == (
        "error: to_fp16: `w` has values beyond float16's largest, 65504\n"
        "  largest  100000\n"
        "hint: scale the layer down, or leave `to_fp16` out of the recipe"
    )


def test_an_input_that_is_an_output_and_an_output_read_inside(tmp_path):
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["y"], ["z"])]
    model, contract = graph(nodes)
    model.graph.output.append(helper.make_tensor_value_info("z", 1, [1, 3, 4, 4]))
    contract = Contract(
        inputs=contract.inputs, outputs={**contract.outputs, "z": contract.outputs["y"]}
    )
    for keep_io in (True, False):
        folder = tmp_path / str(keep_io)
        folder.mkdir()
        half = convert(folder, model, contract, keep_io=keep_io)
        assert compare(model, half, contract) > 60


@pytest.mark.parametrize("keep_io", [True, False])
def test_a_constant_that_is_an_output(tmp_path, keep_io):
    nodes = [helper.make_node("Add", ["x", "k"], ["y"])]
    model, contract = graph(nodes, [constant("k", [1.5])])
    model.graph.output.append(helper.make_tensor_value_info("k", 1, [1]))
    outputs = {**contract.outputs, "k": Tensor(shape=(1,))}
    contract = Contract(inputs=contract.inputs, outputs=outputs)
    half = convert(tmp_path, model, contract, keep_io=keep_io)
    assert compare(model, half, contract) > 60
    kept = TensorProto.FLOAT if keep_io else TensorProto.FLOAT16
    assert half.graph.output[1].type.tensor_type.elem_type == kept


def test_equal_bytes_with_every_hash_seed(tmp_path):
    """Casts at the outputs stand in the order of the outputs, not in that of a set."""
    names = [f"output{i}" for i in range(6)]
    nodes = [helper.make_node("Softplus", ["x"], ["r"])]
    nodes += [helper.make_node("Elu", ["r"], [name], alpha=1.0 + i) for i, name in enumerate(names)]
    model, _ = graph(nodes)
    del model.graph.output[:]
    model.graph.output.extend(helper.make_tensor_value_info(n, 1, [1, 3, 4, 4]) for n in names)
    onnx_file.save(model, tmp_path / "in.onnx")
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}; import pathlib, stepcall; "
        "from edgebuild.formats import onnx_contract, onnx_file; "
        "from edgebuild.steps.passes import to_fp16; "
        "given, folder = map(pathlib.Path, sys.argv[1:]); "
        "stepcall.run(to_fp16, folder, {'model': given}, params=to_fp16.Params(), "
        "contract=onnx_contract.of_model(onnx_file.load(given)))"
    )
    made = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        command = [sys.executable, "-c", program, str(tmp_path / "in.onnx"), str(folder)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
        made.append((folder / "out" / "model.onnx").read_bytes())
    assert made[0] == made[1]
