"""An NCNN network that somebody else made answers as its source, and its two files fit each other."""

import pytest
import stepcall
import tinynetwork

from edgebuild.formats import contract_file, dataset, naming
from edgebuild.formats.ncnn_param import NcnnError
from edgebuild.step import Contract, ProjectFile, Tensor
from edgebuild.steps import agreement, converted, examples
from edgebuild.steps.backends import given_ncnn
from edgebuild.steps.given import GivenError
from edgebuild.steps.runtimes import ncnn as runtime

NAMES = {"in0": "image", "out0": "mask"}


@pytest.fixture
def files(tmp_path):
    converted.write_ncnn(tmp_path / "theirs.param", tmp_path / "theirs.bin")
    return {"param": tmp_path / "theirs.param", "weights": tmp_path / "theirs.bin"}


def given(folder, files, contract=examples.CONTRACT, names=NAMES):
    placed = {port: ProjectFile(path=path.name) for port, path in files.items()}
    params = given_ncnn.Params(**placed, names=names)
    return stepcall.run(given_ncnn, folder, files, params=params, contract=contract)


def test_it_answers_as_its_source(tmp_path, files):
    made = given(tmp_path / "given", files)
    for port, path in files.items():
        assert made[port].read_bytes() == path.read_bytes()
    assert contract_file.load(made["contract"]) == examples.CONTRACT
    assert naming.load(made["names"]) == converted.NCNN_NAMES
    evaluation = examples.images(tmp_path / "e.npz")
    found = stepcall.run(
        runtime,
        tmp_path / "run",
        {
            **{port: made[port] for port in ("param", "weights", "names")},
            "evaluation": evaluation,
        },
        contract=examples.CONTRACT,
        source_contract=examples.CONTRACT,
    )
    actual = dataset.load(found["actual"])["outputs"]["mask"]
    wanted = tinynetwork.answers(dataset.load(evaluation)["inputs"]["image"])
    assert actual.shape == wanted.shape
    assert agreement.sqnr(wanted, actual) > 110


def test_shapes_are_those_of_its_answers(tmp_path, files):
    outputs = {"mask": Tensor(shape=(1, 3, 6, 4))}
    with pytest.raises(GivenError) as caught:
        given(tmp_path / "given", files, Contract(inputs=examples.CONTRACT.inputs, outputs=outputs))
    assert list(caught.value.fields.values()) == [
        "output `mask` has shape [2, 6, 4], declared [1, 3, 6, 4]"
    ]


def test_weights_that_are_cut_short_or_too_long_are_refused(tmp_path, files):
    whole = files["weights"].read_bytes()
    files["weights"].write_bytes(whole[:-4])
    with pytest.raises(NcnnError) as caught:
        given(tmp_path / "short", files)
    assert str(caught.value) == (
        "error: theirs.bin has not the weights that theirs.param asks for\n"
        "hint: it is cut short, or of another network"
    )
    files["weights"].write_bytes(whole + b"\0")
    with pytest.raises(NcnnError) as caught:
        given(tmp_path / "long", files)
    assert str(caught.value) == (
        "error: theirs.bin has bytes that no layer of theirs.param reads\n"
        "hint: it is of another network, or something was added to it"
    )


def test_a_layer_that_ncnn_does_not_know_is_refused(tmp_path, files):
    text = files["param"].read_text()
    files["param"].write_text(text.replace("Sigmoid ", "Sigmund "))
    with pytest.raises(NcnnError) as caught:
        given(tmp_path / "given", files)
    assert str(caught.value) == (
        "error: NCNN cannot load theirs.param\nhint: its log names the layer it does not know"
    )
