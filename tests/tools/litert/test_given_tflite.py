"""A TFLite file that somebody else made answers as its source, in its own layout, names and types."""

import base64
import zlib

import numpy as np
import pytest
import stepcall
import tinynetwork

from edgebuild.formats import contract_file, dataset, naming, tflite
from edgebuild.step import Contract, ProjectFile, Tensor
from edgebuild.steps import agreement, converted, examples
from edgebuild.steps.backends import given_tflite
from edgebuild.steps.given import GivenError
from edgebuild.steps.runtimes import litert, reference_tflite
from edgebuild.steps.sources import tflite as source

FILE = ProjectFile(path="theirs.tflite")
NAMES = {"serving_default_image:0": "image", "StatefulPartitionedCall:0": "mask"}

# One QUANTIZE from int8 x (scale 1, zero point -128) to int8 y (scale 2, zero point -128); compressed.
REQUANTISE = zlib.decompress(
    base64.b64decode(
        "eNptUKsSwjAQ3EBFGDJQUYHoRzCDqQOFqkAgwPMFKHD9mAo0Pxj2LpeGYUhne6/s3l1aAOdjv4OeFRrUCPD0K0ZgBGyI3gFz"
        "WqcV4BVjdFYPE6viP+VOoktcjNNM+tC7S9NPeVxr8yv9EicDf+IZcbNZ3pxF+NtUWogdmfOmKZwhpoOicRD7NK28V36DNT1v"
        "M7ZEZ9qd7hs0yPt62/m7T+ox7MU+fnqUdyt9ROdu98T9APnpI+s="
    )
)


def given(folder, data, contract, **params):
    folder.mkdir()
    path = folder / "theirs.tflite"
    path.write_bytes(data)
    return stepcall.run(
        given_tflite,
        folder / "step",
        {"tflite": path},
        params=given_tflite.Params(tflite=FILE, **params),
        contract=contract,
    )


@pytest.fixture
def tiny(tmp_path):
    return converted.write_tflite(tmp_path / "tiny.tflite").read_bytes()


def test_it_answers_as_its_source_in_the_sources_layout(tmp_path, tiny):
    layouts = {"image": "NHWC", "mask": "NHWC"}
    made = given(tmp_path / "given", tiny, examples.CONTRACT, names=NAMES, layouts=layouts)
    assert made["tflite"].read_bytes() == tiny
    contract = contract_file.load(made["contract"])
    assert contract == converted.TFLITE_CONTRACT
    assert naming.load(made["names"]) == converted.TFLITE_NAMES
    evaluation = examples.images(tmp_path / "e.npz")
    found = stepcall.run(
        litert,
        tmp_path / "run",
        {"tflite": made["tflite"], "names": made["names"], "evaluation": evaluation},
        contract=contract,
        source_contract=examples.CONTRACT,
    )
    actual = dataset.load(found["actual"])["outputs"]["mask"]
    wanted = tinynetwork.answers(dataset.load(evaluation)["inputs"]["image"])
    assert actual.shape == wanted.shape
    assert agreement.sqnr(wanted, actual) > 110


def test_quantised_inputs_and_outputs_are_floats_outside(tmp_path):
    plain = Contract(inputs={"x": Tensor(shape=(1, 4))}, outputs={"double": Tensor(shape=(1, 4))})
    made = given(
        tmp_path / "given",
        REQUANTISE,
        plain,
        names={"y": "double"},
        types={"x": "int8", "double": "int8"},
    )
    contract = contract_file.load(made["contract"])
    assert (contract.inputs["x"].dtype, contract.outputs["double"].dtype) == ("int8", "int8")
    values = np.array([[[0, 2, 129, 254.4]], [[-9, 100, 300, 1]]], np.float32)
    dataset.save(tmp_path / "e.npz", {"inputs": {"x": values}})
    found = stepcall.run(
        litert,
        tmp_path / "run",
        {"tflite": made["tflite"], "names": made["names"], "evaluation": tmp_path / "e.npz"},
        contract=contract,
        source_contract=plain,
    )
    actual = dataset.load(found["actual"])["outputs"]["double"]
    assert actual.dtype == np.float32
    # Clipped to 0..255 by x's range, then in steps of 2 by y's.
    assert actual.tolist() == [[[0, 2, 130, 254]], [[0, 100, 256, 2]]]


def test_a_source_gives_the_truth_by_its_own_names(tmp_path, tiny):
    (tmp_path / "net.tflite").write_bytes(tiny)
    made = stepcall.run(
        source,
        tmp_path / "source",
        {"model": tmp_path / "net.tflite"},
        params=source.Params(model=FILE),
        contract=converted.TFLITE_SOURCE,
    )
    evaluation = converted.nhwc_images(tmp_path / "e.npz")
    found = stepcall.run(
        reference_tflite,
        tmp_path / "run",
        {"source_tflite": made["source_tflite"], "evaluation": evaluation},
        source_contract=converted.TFLITE_SOURCE,
    )
    (raw,) = dataset.load(evaluation)["inputs"].values()
    actual = dataset.load(found["expected"])["outputs"]["StatefulPartitionedCall:0"]
    wanted = tinynetwork.answers(raw.transpose(0, 1, 4, 2, 3)).transpose(0, 1, 3, 4, 2)
    assert agreement.sqnr(wanted, actual) > 110


def test_a_source_that_is_not_as_declared_is_refused(tmp_path, tiny):
    (tmp_path / "net.tflite").write_bytes(tiny)
    with pytest.raises(GivenError) as caught:
        stepcall.run(
            source,
            tmp_path / "source",
            {"model": tmp_path / "net.tflite"},
            params=source.Params(model=FILE),
            contract=Contract(
                inputs=converted.TFLITE_SOURCE.inputs, outputs={"mask": Tensor(shape=(1, 2))}
            ),
        )
    assert str(caught.value) == (
        "error: net.tflite is not what the manifest declares\n"
        "  1  output `mask` is missing\n"
        "  2  output `StatefulPartitionedCall:0` is not declared\n"
        "hint: change `inputs` and `outputs` of the manifest, or the model"
    )


def test_what_litert_refuses_is_an_error_with_its_reason(tmp_path, tiny):
    """LOGISTIC made an op that reads other tensors than it does."""

    def last_op(data):
        (tmp_path / "net.tflite").write_bytes(data)
        try:
            return tflite.load(tmp_path / "net.tflite").ops[2].type
        except tflite.TfliteError:
            return ""

    logistic, other = 14, 33
    candidates = (tiny[:i] + bytes([other]) + tiny[i + 1 :] for i in range(len(tiny)))
    places = (data for data, byte in zip(candidates, tiny, strict=True) if byte == logistic)
    changed = next(data for data in places if last_op(data) == "EMBEDDING_LOOKUP_SPARSE")
    layouts = {"image": "NHWC", "mask": "NHWC"}
    with pytest.raises(tflite.TfliteError) as caught:
        given(tmp_path / "given", changed, examples.CONTRACT, names=NAMES, layouts=layouts)
    assert caught.value.message == "LiteRT cannot load theirs.tflite"
    assert "EMBEDDING_LOOKUP_SPARSE" in caught.value.fields["reason"]
