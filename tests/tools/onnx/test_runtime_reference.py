"""The source's answers, and those of an artifact whose recipe took preprocessing in."""

import numpy as np
import stepcall

from edgebuild.formats import dataset, onnx_file
from edgebuild.steps import agreement, examples
from edgebuild.steps.backends import onnx as backend
from edgebuild.steps.passes import embed_preprocessing
from edgebuild.steps.runtimes import onnxruntime, reference


def test_source_and_artifact_answer_alike_on_raw_samples(tmp_path):
    source = examples.CONTRACT
    onnx_file.save(examples.model(), tmp_path / "source.onnx")
    evaluation = examples.images(tmp_path / "e.npz")
    params = embed_preprocessing.Params(
        inputs=("image",), dtype="uint8", color="BGR", layout="NHWC"
    )
    model = stepcall.run(
        embed_preprocessing,
        tmp_path / "embed",
        {"model": tmp_path / "source.onnx"},
        params=params,
        contract=source,
    )["model"]
    stage = embed_preprocessing.contract(params, source)
    artifact = stepcall.run(backend, tmp_path / "backend", {"model": model}, contract=stage)
    actual = stepcall.run(
        onnxruntime,
        tmp_path / "run",
        {"onnx": artifact["onnx"], "evaluation": evaluation},
        contract=stage,
        source_contract=source,
    )["actual"]
    expected = stepcall.run(
        reference,
        tmp_path / "reference",
        {"source_model": tmp_path / "source.onnx", "evaluation": evaluation},
        contract=stage,  # where the model stands now is not what the source is fed by
        source_contract=source,
    )["expected"]
    a, b = (dataset.load(path)["outputs"]["mask"] for path in (expected, actual))
    assert a.shape == (3, 1, 2, 6, 4) and a.dtype == np.float32
    assert agreement.sqnr(a, b) > 110


def test_values_are_those_of_the_arithmetic(tmp_path):
    """Conv and Sigmoid by hand, at a place away from the padding."""
    source = examples.CONTRACT
    model = examples.model()
    onnx_file.save(model, tmp_path / "source.onnx")
    evaluation = examples.images(tmp_path / "e.npz")
    made = stepcall.run(
        reference,
        tmp_path / "r",
        {"source_model": tmp_path / "source.onnx", "evaluation": evaluation},
        contract=source,
        source_contract=source,
    )["expected"]
    found = dataset.load(made)["outputs"]["mask"]
    raw = dataset.load(evaluation)["inputs"]["image"][1].astype(np.float64)
    tensor = source.inputs["image"]
    x = (raw - np.reshape(tensor.mean, (1, 3, 1, 1))) / np.reshape(tensor.scale, (1, 3, 1, 1))

    def weights(count):
        return ((np.arange(count) * 37 % 101) - 50) / 200

    w1, b1 = weights(5 * 27).reshape(5, 27), weights(5)
    w2 = weights(10).reshape(2, 5)
    inner = np.maximum(w1 @ x[0, :, 1:4, 0:3].ravel() + b1, 0)
    expected = 1 / (1 + np.exp(-(w2 @ inner)))
    assert np.allclose(found[1, 0, :, 2, 1], expected, rtol=1e-5)
