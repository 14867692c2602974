"""An IR that somebody else made is checked, published as it is, and answers by the manifest's names."""

import numpy as np
import openvino as ov
import openvino.opset13 as opset
import pytest
import stepcall
import tinynetwork
from openvino.preprocess import PrePostProcessor

from edgebuild.formats import contract_file, dataset, ir_run
from edgebuild.formats.ir import IrError
from edgebuild.step import Contract, ProjectFile
from edgebuild.steps import agreement, examples
from edgebuild.steps.backends import given_ir
from edgebuild.steps.given import GivenError
from edgebuild.steps.runtimes import openvino as runtime
from edgebuild.steps.sources import openvino_ir as source

FILES = {"xml": ProjectFile(path="theirs.xml"), "bin": ProjectFile(path="theirs.bin")}
MATTE = Contract(
    inputs=examples.CONTRACT.inputs, outputs={"matte": examples.CONTRACT.outputs["mask"]}
)


@pytest.fixture
def files(tmp_path):
    """The tiny model with mean and scale put into it by OpenVINO's own means."""
    network = ov.Core().read_model(str(examples.write_model(tmp_path / "model.onnx")))
    image = examples.CONTRACT.inputs["image"]
    steps = PrePostProcessor(network)
    steps.input(0).model().set_layout(ov.Layout("NCHW"))
    steps.input(0).preprocess().mean(list(image.mean)).scale(list(image.scale))
    ov.save_model(steps.build(), str(tmp_path / "theirs.xml"), compress_to_fp16=False)
    return {"xml": tmp_path / "theirs.xml", "bin": tmp_path / "theirs.bin"}


def given(folder, files, contract, **params):
    params = given_ir.Params(**FILES, **params)
    return stepcall.run(given_ir, folder, files, params=params, contract=contract)


def test_it_takes_raw_values_and_answers_by_the_manifests_names(tmp_path, files):
    made = given(tmp_path / "given", files, MATTE, names={"mask": "matte"}, preprocessed=("image",))
    for port, path in files.items():
        assert made[port].read_bytes() == path.read_bytes()
    contract = contract_file.load(made["contract"])
    assert (contract.inputs["image"].mean, list(contract.outputs)) == ((), ["matte"])
    evaluation = examples.images(tmp_path / "e.npz")
    found = stepcall.run(
        runtime,
        tmp_path / "run",
        {
            **{port: made[port] for port in ("xml", "bin", "names")},
            "evaluation": evaluation,
        },
        contract=contract,
        source_contract=MATTE,
        isa=None,
    )
    actual = dataset.load(found["actual"])["outputs"]["matte"]
    wanted = tinynetwork.answers(dataset.load(evaluation)["inputs"]["image"])
    assert agreement.sqnr(wanted, actual) > 110


def test_something_added_to_the_weights_is_refused(tmp_path, files):
    files["bin"].write_bytes(files["bin"].read_bytes() + b"more")
    with pytest.raises(
        IrError, match=r"theirs\.bin has 4 bytes that no constant of theirs\.xml uses"
    ):
        given(tmp_path / "given", files, examples.CONTRACT)


def test_types_are_those_that_openvino_shows(tmp_path):
    """Version 10 kept float16 inputs in the file, of which OpenVINO makes float32."""
    half = opset.parameter([1, 4], np.float16, name="half")
    network = ov.Model([opset.prelu(half, np.ones(1, np.float16))], [half])
    xml, bin = tmp_path / "half.xml", tmp_path / "half.bin"
    ov.save_model(network, str(xml), compress_to_fp16=False)
    for version, shown in ((11, "float16"), (10, "float32")):
        xml.write_text(xml.read_text().replace('version="11"', f'version="{version}"', 1))
        _, (found,), _ = ir_run.read(xml, bin)
        assert (found.names[0], found.dtype) == ("half", shown)


def test_a_source_that_is_not_as_declared_is_refused(tmp_path, files):
    with pytest.raises(GivenError) as caught:
        stepcall.run(
            source, tmp_path / "source", files, params=source.Params(**FILES), contract=MATTE
        )
    assert str(caught.value) == (
        "error: theirs.xml is not what the manifest declares\n"
        "  1  output `matte` is missing\n"
        "  2  output `mask` is not declared\n"
        "hint: change `inputs` and `outputs` of the manifest, or the model"
    )
