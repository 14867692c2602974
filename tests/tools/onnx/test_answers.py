import numpy as np
import pytest

from edgebuild.formats import dataset, onnx_run
from edgebuild.formats.answers import AnswerError, answers
from edgebuild.formats.onnx_file import OnnxError
from edgebuild.step import Contract, Tensor
from edgebuild.steps import examples

SOURCE = Contract(
    inputs={"x": Tensor(shape=(1, 2), mean=(10,), scale=(2,))}, outputs={"y": Tensor(shape=(1, 2))}
)
DATA = {"inputs": {"x": np.array([[[10, 12]], [[14, 16]]], np.uint8)}}


def test_each_sample_is_fed_in_the_stages_form():
    found = answers(lambda feeds: {"y": feeds["x"] * 10, "more": 1}, DATA, SOURCE, SOURCE)
    assert found["outputs"]["y"].tolist() == [[[0, 10]], [[20, 30]]]
    assert list(found["outputs"]) == ["y"]


def test_a_model_that_answers_otherwise_is_refused():
    with pytest.raises(AnswerError) as error:
        answers(lambda feeds: {"z": feeds["x"]}, DATA, SOURCE, SOURCE)
    assert str(error.value) == (
        "error: the model gave no output `y`\n"
        "  gave  z\n"
        "hint: `z` has its shape: a pass or a converter renamed it"
    )
    with pytest.raises(AnswerError) as error:
        answers(lambda feeds: {"y": feeds["x"][0]}, DATA, SOURCE, SOURCE)
    assert str(error.value) == (
        "error: output `y` is not what the contract says\n"
        "  has       [2] float32\n"
        "  declared  [1, 2] float32"
    )
    with pytest.raises(AnswerError, match="not what the contract says"):
        answers(lambda feeds: {"y": feeds["x"].astype(np.float64)}, DATA, SOURCE, SOURCE)
    with pytest.raises(AnswerError, match="no values for input `x`"):
        answers(lambda feeds: feeds, {"truth": {"x": np.ones(2)}}, SOURCE, SOURCE)


def test_classes_that_a_chip_gives_as_floats_are_classes():
    labels = {"y": Tensor(shape=(1, 2), dtype="int64")}
    source = Contract(inputs=SOURCE.inputs, outputs=labels)
    halves = {"y": Tensor(shape=(1, 2), dtype="float16")}
    stage = Contract(inputs=SOURCE.inputs, outputs=halves)

    def given(values):
        return answers(lambda feeds: {"y": np.array([values], np.float16)}, DATA, source, stage)[
            "outputs"
        ]["y"]

    assert (given([2.0, 0.0]).dtype, given([2.0, 0.0]).tolist()) == ("int64", [[[2, 0]]] * 2)
    # What is no number is no class either, and stays what it is.
    assert given([2.0, np.nan]).dtype == given([2.0, np.inf]).dtype == "float16"
    back = answers(lambda feeds: {"y": np.array([[2, 0]])}, DATA, SOURCE, source)
    assert back["outputs"]["y"].dtype == "int64"


def test_what_onnx_runtime_refuses_is_an_error_with_its_reason(tmp_path):
    session = onnx_run.session(examples.model())
    with pytest.raises(OnnxError, match="ONNX Runtime cannot run the model"):
        onnx_run.run(session, {"image": np.zeros((1, 3, 6, 5), np.float32)})
    (tmp_path / "m.onnx").write_bytes(b"nothing")
    with pytest.raises(OnnxError, match="ONNX Runtime cannot load the model"):
        onnx_run.session(tmp_path / "m.onnx")


def test_random_inputs_fit_their_types():
    tensors = {
        "f": Tensor(shape=(100,)),
        "u": Tensor(shape=(100,), dtype="uint8"),
        "i": Tensor(shape=(100,), dtype="int64"),
        "b": Tensor(shape=(100,), dtype="bool"),
    }
    made = onnx_run.random_inputs(Contract(inputs=tensors, outputs={}))
    assert {name: str(a.dtype) for name, a in made.items()} == {
        "f": "float32",
        "u": "uint8",
        "i": "int64",
        "b": "bool",
    }
    assert made["u"].max() > 200 and set(made["i"].tolist()) == {0, 1}
    again = onnx_run.random_inputs(Contract(inputs=tensors, outputs={}))
    assert all((made[name] == again[name]).all() for name in made)


def test_answers_are_a_dataset(tmp_path):
    found = answers(lambda feeds: {"y": feeds["x"]}, DATA, SOURCE, SOURCE)
    dataset.save(tmp_path / "a.npz", found)
    assert dataset.length(dataset.load(tmp_path / "a.npz")) == 2
