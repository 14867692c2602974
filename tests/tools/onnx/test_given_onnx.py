"""An ONNX file that somebody else made is published as it is and answers by the manifest's names."""

import numpy as np
import pytest
import stepcall
from onnx import TensorProto, helper

from edgebuild.formats import contract_file, dataset, onnx_file
from edgebuild.formats.answers import answers
from edgebuild.step import Contract, ProjectFile, Tensor
from edgebuild.steps import examples
from edgebuild.steps.backends import given_onnx
from edgebuild.steps.given import GivenError
from edgebuild.steps.runtimes import onnxruntime as runtime

MATTE = Contract(
    inputs=examples.CONTRACT.inputs, outputs={"matte": examples.CONTRACT.outputs["mask"]}
)


def given(folder, model, contract, **params):
    folder.mkdir(exist_ok=True)
    path = folder / "theirs.onnx"
    path.write_bytes(model.SerializeToString())
    params = given_onnx.Params(onnx=ProjectFile(path="theirs.onnx"), **params)
    return path, stepcall.run(
        given_onnx, folder / "step", {"onnx": path}, params=params, contract=contract
    )


def answered(folder, onnx, contract, source, **more):
    evaluation = examples.images(folder / "e.npz")
    found = stepcall.run(
        runtime,
        folder / "run",
        {"onnx": onnx, "evaluation": evaluation, **more},
        contract=contract,
        source_contract=source,
    )
    return dataset.load(found["actual"])["outputs"]


def test_it_answers_by_the_manifests_names_and_keeps_its_bytes(tmp_path):
    model = examples.model()
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    path, made = given(tmp_path, model, MATTE, names={"mask": "matte"})
    assert made["onnx"].read_bytes() == path.read_bytes()
    assert contract_file.load(made["contract"]) == MATTE
    theirs = answered(tmp_path, made["onnx"], MATTE, MATTE, names=made["names"])
    onnx_file.save(examples.model(), tmp_path / "ours.onnx")
    (tmp_path / "ours").mkdir()
    ours = answered(tmp_path / "ours", tmp_path / "ours.onnx", examples.CONTRACT, examples.CONTRACT)
    assert np.array_equal(theirs["matte"], ours["mask"])


def test_ops_of_onnx_runtimes_own_are_taken(tmp_path):
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")],
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        ),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
        ir_version=8,
    )
    tensor = Tensor(shape=(1, 4))
    _, made = given(tmp_path, model, Contract(inputs={"x": tensor}, outputs={"y": tensor}))
    assert made["onnx"].exists()


def test_an_output_of_another_name_is_refused_with_what_helps(tmp_path):
    with pytest.raises(GivenError) as caught:
        given(tmp_path, examples.model(), MATTE)
    assert str(caught.value) == (
        "error: theirs.onnx is not what the manifest declares\n"
        "  1  output `matte` is missing\n"
        "  2  output `mask` is not declared\n"
        "hint: `compile:` says what differs from the manifest's inputs and outputs:"
        " `names`, `layouts`, `types`"
    )


def test_answers_come_in_the_sources_layout():
    data = {"inputs": {"x": np.zeros((2, 1, 2, 3, 4), np.float32)}}
    nchw = Tensor(shape=(1, 2, 3, 4), layout="NCHW")
    nhwc = Tensor(shape=(1, 3, 4, 2), layout="NHWC")
    value = np.arange(24, dtype=np.float32).reshape(1, 3, 4, 2)
    found = answers(
        lambda feeds: {"y": value + feeds["x"]},
        data,
        Contract(inputs={"x": nchw}, outputs={"y": nchw}),
        Contract(inputs={"x": nhwc}, outputs={"y": nhwc}),
    )["outputs"]["y"]
    assert found.shape == (2, 1, 2, 3, 4)
    assert np.array_equal(found[1], value.transpose(0, 3, 1, 2))
