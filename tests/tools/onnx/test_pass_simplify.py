import numpy as np
import onnxsim
import pytest
import stepcall
from onnx import helper, numpy_helper

from edgebuild.formats import onnx_file
from edgebuild.formats.contract_file import ContractError
from edgebuild.steps import examples
from edgebuild.steps.agreement import AgreementError
from edgebuild.steps.passes import simplify


def run(folder, model=None):
    onnx_file.save(model or examples.model(), folder / "in.onnx")
    return stepcall.run(
        simplify, folder / "step", {"model": folder / "in.onnx"}, contract=examples.CONTRACT
    )["model"]


def test_constants_are_folded_and_nothing_of_the_tool_is_left(tmp_path):
    model = examples.model()
    half = numpy_helper.from_array(np.full((5, 3, 3, 3), 0.5, np.float32), "half")
    model.graph.initializer.append(half)
    model.graph.node.insert(0, helper.make_node("Mul", ["w1", "half"], ["weights"]))
    model.graph.node[1].input[1] = "weights"
    made = run(tmp_path, model)
    assert [n.op_type for n in onnx_file.load(made).graph.node] == [
        "Conv",
        "Relu",
        "Conv",
        "Sigmoid",
    ]
    assert b"onnxsim" not in made.read_bytes()


def test_a_tool_that_changes_what_is_computed_is_caught(tmp_path, monkeypatch):
    def broken(given):
        model = type(given).FromString(given.SerializeToString())
        weights = model.graph.initializer[0]
        values = numpy_helper.to_array(weights) * np.float32(1.01)
        weights.CopyFrom(numpy_helper.from_array(values, weights.name))
        return model, True

    monkeypatch.setattr(onnxsim, "simplify", broken)
    with pytest.raises(AgreementError) as error:
        run(tmp_path)
    assert str(error.value).startswith("error: onnxsim changed what the model computes\n")
    assert "  needed  80 dB\n" in str(error.value)


def test_a_tool_that_renames_outputs_is_caught(tmp_path, monkeypatch):
    def broken(model):
        copy = type(model).FromString(model.SerializeToString())
        copy.graph.output[0].name = copy.graph.node[3].output[0] = "other"
        return copy, True

    monkeypatch.setattr(onnxsim, "simplify", broken)
    with pytest.raises(ContractError, match="the simplified model is not what the manifest"):
        run(tmp_path)


def test_a_tool_that_fails_is_an_error_a_user_can_act_on(tmp_path, monkeypatch):
    def broken(model):
        raise RuntimeError("no such op")

    monkeypatch.setattr(onnxsim, "simplify", broken)
    with pytest.raises(simplify.SimplifyError) as error:
        run(tmp_path)
    assert str(error.value) == (
        "error: onnxsim cannot simplify this model\n"
        "  reason  no such op\n"
        "hint: leave `simplify` out of the recipe"
    )
