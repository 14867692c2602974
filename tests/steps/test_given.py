"""What an artifact's bytes tell is held to the manifest, by names that may differ."""

import dataclasses

import pytest

from edgebuild.formats import naming
from edgebuild.formats.naming import Naming, Port
from edgebuild.step import Contract, Tensor
from edgebuild.steps import given
from edgebuild.steps.given import GivenError, Interface

IMAGE = Tensor(shape=(1, 3, 6, 4), layout="NCHW", color="BGR", mean=(1.0,), scale=(2.0,))
BEFORE = Contract(
    inputs={"image": IMAGE},
    outputs={"scores": Tensor(shape=(1, 9, 2)), "boxes": Tensor(shape=(1, 9, 4))},
)
THEIRS = Interface(
    names={"input_1": "image", "Identity": "boxes", "Identity_1": "scores"},
    layouts={"image": "NHWC"},
    colors={"image": "RGB"},
    types={"image": "uint8"},
    preprocessed=("image",),
)
INPUT = Port(names=("input_1",), shape=(None, 6, 4, 3), dtype="uint8")
OUTPUTS = [
    Port(names=("Identity",), shape=(None, None, 4), dtype="float32"),
    Port(names=("Identity_1",), shape=(None, None, 2), dtype="float32"),
]


def test_the_promise_is_the_manifests_contract_with_what_differs():
    promise = given.promised(THEIRS, BEFORE)
    assert promise.inputs["image"] == Tensor(
        shape=(1, 6, 4, 3), layout="NHWC", color="RGB", dtype="uint8"
    )
    assert promise.outputs == BEFORE.outputs


def test_names_bind_whatever_the_order_and_open_sizes_are_the_declared():
    promise = given.promised(THEIRS, BEFORE)
    contract, names = given.bind("net.tflite", [INPUT], OUTPUTS, THEIRS, promise)
    assert contract == promise
    assert names == Naming(
        inputs={"image": "input_1"}, outputs={"boxes": "Identity", "scores": "Identity_1"}
    )


def test_names_are_kept_and_translated(tmp_path):
    names = Naming(inputs={"image": "input_1"}, outputs={"boxes": "Identity"})
    naming.save(tmp_path / "names.json", names)
    assert naming.load(tmp_path / "names.json") == names
    assert naming.load(None) == Naming()
    seen = []
    infer = naming.translated(
        lambda feeds: seen.append(feeds) or {"Identity": 1, "scores": 2}, names
    )
    assert infer({"image": 0}) == {"boxes": 1, "scores": 2}
    assert seen == [{"input_1": 0}]
    assert list(naming.own(BEFORE, names).outputs) == ["scores", "Identity"]


def test_one_of_an_outputs_many_names_may_be_the_manifests():
    port = Port(names=("19/sink_port_0", "19"), shape=(1, 2), dtype="float32")
    wanted = Contract(inputs={}, outputs={"19": Tensor(shape=(1, 2))})
    contract, names = given.bind("net.xml", [], [port], Interface(), wanted)
    assert contract == wanted and names == Naming()


def test_every_difference_is_said_at_once():
    wrong = dataclasses.replace(OUTPUTS[0], shape=(None, 9, 5))
    twice = dataclasses.replace(OUTPUTS[1], names=("Identity_2",))
    params = dataclasses.replace(THEIRS, types=None, names={**THEIRS.names, "Identity_2": "scores"})
    with pytest.raises(GivenError) as caught:
        given.bind(
            "net.tflite",
            [INPUT],
            [wrong, OUTPUTS[1], twice, Port(names=("extra",), shape=None, dtype=None)],
            params,
            given.promised(params, BEFORE),
        )
    assert str(caught.value) == (
        "error: net.tflite is not what the manifest declares\n"
        "  1  two outputs are called `scores`: `Identity_1` and `Identity_2`\n"
        "  2  input `image` has type uint8, declared float32\n"
        "  3  output `extra` is not declared\n"
        "  4  output `boxes` has shape [1, 9, 5], declared [1, 9, 4]\n"
        "hint: `compile:` says what differs from the manifest's inputs and outputs:"
        " `names`, `layouts`, `types`"
    )


def test_an_artifact_of_other_names_needs_them_said():
    with pytest.raises(GivenError) as caught:
        given.bind(
            "net.tflite", [], OUTPUTS, Interface(), Contract(inputs={}, outputs=BEFORE.outputs)
        )
    assert list(caught.value.fields.values()) == [
        "output `scores` is missing",
        "output `boxes` is missing",
        "output `Identity` is not declared",
        "output `Identity_1` is not declared",
    ]
