"""The source's answers with one thing changed are those of a source that has it so."""

import numpy as np
from onnx import TensorProto, helper
from stepcall import run

from edgebuild.formats import dataset, hypotheses, onnx_file, onnx_run
from edgebuild.formats.hypotheses import Trial
from edgebuild.step import Contract, Tensor
from edgebuild.steps import examples
from edgebuild.steps.probes import trials


def tried(folder, model, contract, samples=3):
    folder.mkdir()
    onnx_file.save(model, folder / "model.onnx")
    shape = next(iter(contract.inputs.values())).shape
    values = np.random.default_rng(1).integers(0, 256, (samples, *shape)).astype(np.float32)
    dataset.save(folder / "evaluation.npz", {"inputs": {"image": values}})
    outputs = run(
        trials, folder / "run",
        {"source_model": folder / "model.onnx", "evaluation": folder / "evaluation.npz"},
        source_contract=contract,
    )  # fmt: skip
    found = {Trial.of(k): v for k, v in dataset.load(outputs["trials"]).items() if k != "none"}
    return found, values


def resizing(**attributes):
    """Twice as high and wide, two times."""
    scales = helper.make_tensor("s", TensorProto.FLOAT, [4], [1, 1, 2, 2])
    nodes = [
        helper.make_node("Resize", [before, "", "s"], [after], name, **attributes)
        for before, after, name in (("image", "a", "one"), ("a", "y", "two"))
    ]
    graph = helper.make_graph(
        nodes, "main",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 4, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 16, 20])],
        [scales],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def test_what_is_fed_is_changed(tmp_path):
    found, values = tried(tmp_path / "x", examples.model(), examples.CONTRACT)
    assert set(found) == set(hypotheses.of_inputs(examples.CONTRACT))
    session = onnx_run.session(examples.model())
    tensor = examples.CONTRACT.inputs["image"]
    for trial, answers in found.items():
        for i in range(3):
            wanted = onnx_run.run(
                session, {"image": hypotheses.fed(trial, "image", values[i], tensor)}
            )
            np.testing.assert_allclose(answers["mask"][i], wanted["mask"], atol=1e-5)


def test_every_resize_together_and_each_alone_is_of_another_mode(tmp_path):
    contract = Contract(
        inputs={"image": Tensor(shape=(1, 1, 4, 5))}, outputs={"y": Tensor(shape=(1, 1, 16, 20))}
    )
    found, values = tried(tmp_path / "x", resizing(mode="linear"), contract)
    names = {trial.name for trial in found if trial.what == "resize"}
    assert names == {"", "one", "two"}
    nearest = found[Trial(what="resize", name="", variant="nearest")]["y"]
    assert (nearest == values.repeat(4, axis=3).repeat(4, axis=4)).all()
    own = Trial(what="resize", name="two", variant="linear")
    straight = onnx_run.run(onnx_run.session(resizing(mode="linear")), {"image": values[0]})
    assert (found[own]["y"][0] == straight["y"]).all()


def test_only_a_few_samples_are_tried(tmp_path):
    found, _ = tried(tmp_path / "x", examples.model(), examples.CONTRACT, samples=40)
    assert {len(answers["mask"]) for answers in found.values()} == {16}
