import itertools
from dataclasses import replace

import numpy as np
import pytest
import stepcall
from onnx import helper

from edgebuild.formats import onnx_contract, onnx_file, onnx_run
from edgebuild.formats.feed import feed
from edgebuild.step import Contract, Tensor
from edgebuild.steps import agreement, examples
from edgebuild.steps.passes import embed_preprocessing as embed
from edgebuild.steps.passes.embed_preprocessing import Params, PreprocessingError

IMAGE = examples.CONTRACT.inputs["image"]


def run(folder, model, params, before):
    """The model afterwards, and how far it is from the one before when both are fed properly."""
    onnx_file.save(model, folder / "in.onnx")
    made = stepcall.run(
        embed, folder / "step", {"model": folder / "in.onnx"}, params=params, contract=before
    )["model"]
    after = embed.contract(params, before)
    changed = onnx_file.load(made)
    random = np.random.default_rng(1)
    raw = {n: random.integers(0, 256, t.shape).astype(np.uint8) for n, t in before.inputs.items()}
    answers = []
    for network, stage in ((model, before), (changed, after)):
        feeds = {n: feed(raw[n], before.inputs[n], stage.inputs[n]) for n in raw}
        answers.append(onnx_run.run(onnx_run.session(network), feeds)["mask"])
    assert {n: str(a.dtype) for n, a in feeds.items()} == {
        n: t.dtype for n, t in after.inputs.items()
    }
    return changed, agreement.sqnr(*answers)


def model_of_layout(layout):
    """The tiny model, for NHWC with a Transpose in front."""
    model = examples.model()
    if layout == "NHWC":
        model.graph.input[0].CopyFrom(helper.make_tensor_value_info("image", 1, [1, 6, 4, 3]))
        model.graph.node[0].input[0] = "inside"
        turn = helper.make_node("Transpose", ["image"], ["inside"], perm=[0, 3, 1, 2])
        model.graph.node.insert(0, turn)
    return model


@pytest.mark.parametrize(
    ("dtype", "color", "layout", "network"),
    list(
        itertools.product(
            ["uint8", "float32"], [None, "BGR"], [None, "NCHW", "NHWC"], ["NCHW", "NHWC"]
        )
    ),
)
def test_the_network_answers_as_before(tmp_path, dtype, color, layout, network):
    shape = (1, 3, 6, 4) if network == "NCHW" else (1, 6, 4, 3)
    before = replace(
        examples.CONTRACT, inputs={"image": replace(IMAGE, layout=network, shape=shape)}
    )
    params = Params(inputs=("image",), dtype=dtype, color=color, layout=layout)
    changed, sqnr = run(tmp_path, model_of_layout(network), params, before)
    assert sqnr > 110
    found = onnx_contract.of_model(changed).inputs["image"]
    assert found.shape == ((1, 3, 6, 4) if (layout or network) == "NCHW" else (1, 6, 4, 3))
    assert found.dtype == dtype


@pytest.mark.parametrize("opset", [11, 13, 18])
def test_colours_where_more_than_convolutions_read_the_input(tmp_path, opset):
    model = examples.model()
    model.opset_import[0].version = opset
    mean = helper.make_node("ReduceMax", ["image"], ["top"], keepdims=1)
    model.graph.node.insert(0, mean)
    model.graph.node[4].op_type = "Mul"
    model.graph.node[4].input.append("top")
    params = Params(inputs=("image",), color="BGR")
    changed, sqnr = run(tmp_path, model, params, examples.CONTRACT)
    assert sqnr > 110
    assert "Split" in {n.op_type for n in changed.graph.node}


def test_colours_cost_nothing_where_convolutions_can_hold_them(tmp_path):
    before = replace(examples.CONTRACT, inputs={"image": replace(IMAGE, mean=(), scale=())})
    params = Params(inputs=("image",), color="BGR")
    changed, sqnr = run(tmp_path, examples.model(), params, before)
    assert sqnr > 110
    assert [n.op_type for n in changed.graph.node] == ["Conv", "Relu", "Conv", "Sigmoid"]


def test_weights_that_others_read_too_are_not_turned(tmp_path):
    model = examples.model()
    model.graph.node.append(helper.make_node("ReduceSum", ["w1"], ["s"], "sum", keepdims=0))
    model.graph.node[3].output[0] = "m"
    model.graph.node.append(helper.make_node("Mul", ["m", "s"], ["mask"], "mul"))
    params = Params(inputs=("image",), color="BGR")
    _, sqnr = run(tmp_path, model, params, examples.CONTRACT)
    assert sqnr > 110


def test_one_value_for_all_channels_and_values_that_do_nothing(tmp_path):
    once = replace(IMAGE, mean=(127.5,), scale=(64.0,))
    params = Params(inputs=("image",))
    changed, sqnr = run(
        tmp_path, examples.model(), params, replace(examples.CONTRACT, inputs={"image": once})
    )
    assert sqnr > 110
    assert [n.op_type for n in changed.graph.node][:2] == ["Sub", "Mul"]
    (tmp_path / "b").mkdir()
    nothing = replace(IMAGE, mean=(0.0, 0.0, 0.0), scale=(1.0,))
    changed, _ = run(
        tmp_path / "b",
        examples.model(),
        params,
        replace(examples.CONTRACT, inputs={"image": nothing}),
    )
    assert len(changed.graph.node) == 4


def test_the_contract_afterwards():
    params = Params(inputs=("image",), dtype="uint8", color="BGR", layout="NHWC")
    other = Tensor(shape=(1, 2), mean=(5.0,))
    before = Contract(inputs={"image": IMAGE, "angle": other}, outputs=examples.CONTRACT.outputs)
    after = embed.contract(params, before)
    assert after.inputs["image"] == Tensor(
        shape=(1, 6, 4, 3), dtype="uint8", layout="NHWC", color="BGR"
    )
    assert after.inputs["angle"] == other
    assert list(after.inputs) == ["image", "angle"]


@pytest.mark.parametrize(
    ("params", "tensor", "said"),
    [
        (Params(inputs=("imag",)), IMAGE, "the model has no input `imag`"),
        (
            Params(inputs=("image",), color="GRAY"),
            IMAGE,
            "`image` is RGB, which cannot be made of GRAY",
        ),
        (
            Params(inputs=("image",), layout="NC"),
            IMAGE,
            "`image` is NCHW, which cannot be made of NC",
        ),
        (
            Params(inputs=("image",)),
            replace(IMAGE, mean=(1.0, 2.0)),
            "`image` has 3 channels, but 2 values of mean or scale",
        ),
        (
            Params(inputs=("image",)),
            replace(IMAGE, layout="other"),
            "which axis of `image` has its channels?",
        ),
        (
            Params(inputs=("image",)),
            replace(IMAGE, dtype="int32"),
            "`image` takes int32, which is not made of float32 here",
        ),
    ],
)
def test_what_cannot_be_embedded_is_refused_while_planning(params, tensor, said):
    before = replace(examples.CONTRACT, inputs={"image": tensor})
    with pytest.raises(PreprocessingError, match="embed_preprocessing: ") as error:
        embed.contract(params, before)
    assert said in str(error.value)
