"""The optimised model answers on raw samples, whatever types and layout its recipe gave it."""

import numpy as np
import stepcall

from edgebuild.formats import dataset, onnx_file
from edgebuild.steps import agreement, examples
from edgebuild.steps.passes import embed_preprocessing, to_fp16
from edgebuild.steps.probes import optimised
from edgebuild.steps.runtimes import reference

SOURCE = examples.CONTRACT


def answers(folder, model, contract):
    evaluation = examples.images(folder / "e.npz")
    onnx_file.save(examples.model(), folder / "source.onnx")
    inputs = {"model": model, "evaluation": evaluation}
    made = stepcall.run(
        optimised, folder / "run", inputs, model_contract=contract, source_contract=SOURCE
    )
    expected = stepcall.run(
        reference,
        folder / "reference",
        {"source_model": folder / "source.onnx", "evaluation": evaluation},
        contract=SOURCE,
        source_contract=SOURCE,
    )
    found = (made["optimised"], expected["expected"])
    return [dataset.load(path)["outputs"]["mask"] for path in found]


def test_a_recipe_that_changes_nothing_loses_nothing(tmp_path):
    onnx_file.save(examples.model(), tmp_path / "model.onnx")
    found, expected = answers(tmp_path, tmp_path / "model.onnx", SOURCE)
    assert np.array_equal(found, expected)


def test_other_types_and_layouts_of_the_input(tmp_path):
    onnx_file.save(examples.model(), tmp_path / "model.onnx")
    params = embed_preprocessing.Params(
        inputs=("image",), dtype="uint8", color="BGR", layout="NHWC"
    )
    inputs = {"model": tmp_path / "model.onnx"}
    made = stepcall.run(
        embed_preprocessing, tmp_path / "embed", inputs, params=params, contract=SOURCE
    )
    contract = embed_preprocessing.contract(params, SOURCE)
    found, expected = answers(tmp_path, made["model"], contract)
    assert agreement.sqnr(expected, found) > 110


def test_a_model_in_float16(tmp_path):
    onnx_file.save(examples.model(), tmp_path / "model.onnx")
    inputs = {"model": tmp_path / "model.onnx"}
    made = stepcall.run(
        to_fp16, tmp_path / "half", inputs, params=to_fp16.Params(), contract=SOURCE
    )
    contract = to_fp16.KIND.contract(to_fp16.Params(), SOURCE) if to_fp16.KIND.contract else SOURCE
    found, expected = answers(tmp_path, made["model"], contract)
    assert found.dtype == contract.outputs["mask"].dtype
    assert 50 < agreement.sqnr(expected, found) < 100
