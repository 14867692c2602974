import pytest
import stepcall
from onnx import helper

from edgebuild.formats import onnx_contract, onnx_file
from edgebuild.formats.contract_file import ContractError
from edgebuild.step import Contract, ProjectFile, Tensor
from edgebuild.steps import examples
from edgebuild.steps.sources import onnx as source

PARAMS = source.Params(model=ProjectFile(path="network.onnx"))


def test_open_dimensions_are_fixed_and_bytes_are_canonical(tmp_path):
    model = examples.model()
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_param = "height"
    model.producer_name = "somebody"
    path = tmp_path / "network.onnx"
    path.write_bytes(model.SerializeToString())
    made = stepcall.run(
        source, tmp_path / "a", {"model": path}, params=PARAMS, contract=examples.CONTRACT
    )["model"]
    found = onnx_contract.of_model(onnx_file.load(made))
    assert found.outputs["mask"].shape == (1, 2, 6, 4)
    assert b"somebody" not in made.read_bytes()


def test_a_network_that_is_not_what_the_manifest_says_is_refused(tmp_path):
    model = examples.model()
    model.graph.output.append(helper.make_tensor_value_info("r1", 1, [1, 5, 6, 4]))
    onnx_file.save(model, tmp_path / "network.onnx")
    wrong = Contract(inputs=examples.CONTRACT.inputs, outputs={"masks": Tensor(shape=(1, 2, 6, 4))})
    with pytest.raises(ContractError) as error:
        stepcall.run(
            source,
            tmp_path / "a",
            {"model": tmp_path / "network.onnx"},
            params=PARAMS,
            contract=wrong,
        )
    assert str(error.value) == (
        "error: network.onnx is not what the manifest declares\n"
        "  1  output `masks` is declared, but the model has `mask`\n"
        "  2  output `mask` of the model is not declared\n"
        "  3  output `r1` of the model is not declared\n"
        "hint: change `inputs` and `outputs` of the manifest, or the model"
    )
