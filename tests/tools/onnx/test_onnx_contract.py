from dataclasses import replace

import pytest
from onnx import helper

from edgebuild.formats import onnx_contract, onnx_run
from edgebuild.formats.contract_file import ContractError
from edgebuild.formats.onnx_file import OnnxError
from edgebuild.step import Contract, Tensor
from edgebuild.steps import examples


def open_dims(model, *values):
    for value in values:
        for i, dim in enumerate(value.type.tensor_type.shape.dim):
            dim.dim_param = f"d{i}"


def test_open_dimensions_become_the_declared_ones():
    model = examples.model()
    open_dims(model, model.graph.input[0], model.graph.output[0])
    wide = Contract(
        inputs={"image": Tensor(shape=(2, 3, 8, 10))}, outputs={"mask": Tensor(shape=(2, 2, 8, 10))}
    )
    onnx_contract.fix(model, wide)
    assert onnx_contract.of_model(model) == wide
    shapes = {
        v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in model.graph.value_info
    }
    assert shapes["r1"] == [2, 5, 8, 10]


def test_stale_types_of_inner_values_are_forgotten():
    model = examples.model()
    model.graph.value_info.append(helper.make_tensor_value_info("r1", 1, ["N", 5, 6, 4]))
    onnx_contract.fix(model, examples.CONTRACT)
    sizes = {v.name: v.type.tensor_type.shape.dim[0].dim_value for v in model.graph.value_info}
    assert sizes["r1"] == 1


def test_every_difference_is_named():
    wrong = Contract(
        inputs={"imgae": Tensor(shape=(1, 3, 6, 4))}, outputs={"mask": Tensor(shape=(1, 2, 6, 4))}
    )
    with pytest.raises(ContractError) as error:
        onnx_contract.fix(examples.model(), wrong, "net.onnx")
    assert str(error.value) == (
        "error: net.onnx is not what the manifest declares\n"
        "  1  input `imgae` is declared, but the model has `image`\n"
        "  2  input `image` of the model is not declared\n"
        "hint: change `inputs` and `outputs` of the manifest, or the model"
    )


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        (Tensor(shape=(1, 3, 6, 5)), "input `image` has shape [1, 3, 6, 4], declared [1, 3, 6, 5]"),
        (Tensor(shape=(1, 3, 6)), "input `image` has shape [1, 3, 6, 4], declared [1, 3, 6]"),
        (
            Tensor(shape=(1, 3, 6, 4), dtype="uint8"),
            "input `image` has type float32, declared uint8",
        ),
    ],
)
def test_fixed_shapes_and_types_must_agree(tensor, said):
    wrong = replace(examples.CONTRACT, inputs={"image": tensor})
    with pytest.raises(ContractError) as error:
        onnx_contract.fix(examples.model(), wrong)
    assert said in str(error.value)


def test_shapes_that_contradict_the_network_are_refused():
    model = examples.model()
    open_dims(model, model.graph.input[0], model.graph.output[0])
    wrong = replace(examples.CONTRACT, outputs={"mask": Tensor(shape=(1, 2, 12, 8))})
    with pytest.raises(OnnxError, match="shapes of the model do not go together"):
        onnx_contract.fix(model, wrong)


def test_initializers_are_no_inputs_and_the_order_is_the_contracts():
    model = examples.model()
    model.graph.input.insert(0, helper.make_tensor_value_info("w1", 1, [5, 3, 3, 3]))
    model.graph.input.append(helper.make_tensor_value_info("gain", 1, [1]))
    model.graph.node[3].op_type = "Mul"
    model.graph.node[3].input.append("gain")
    model.ir_version = 3
    tensors = {"gain": Tensor(shape=(1,)), "image": Tensor(shape=(1, 3, 6, 4))}
    contract = Contract(inputs=tensors, outputs={"mask": Tensor(shape=(1, 2, 6, 4))})
    onnx_contract.fix(model, contract)
    assert [v.name for v in model.graph.input] == ["gain", "image"]
    feeds = onnx_run.random_inputs(contract)
    assert onnx_run.run(onnx_run.session(model), feeds)["mask"].shape == (1, 2, 6, 4)


def test_types_no_target_takes_are_refused():
    model = examples.model()
    model.graph.input[0].type.tensor_type.elem_type = 11  # double
    with pytest.raises(OnnxError, match="`image` is of a type that no target takes"):
        onnx_contract.of_model(model)
