"""Which inputs are bytes, and the blob's inputs and outputs held against the model's."""

import dataclasses

import pytest

from edgebuild.formats import onnx_header
from edgebuild.formats.blob import Blob, BlobTensor
from edgebuild.myriad import contract, example_model
from edgebuild.myriad.contract import MyriadContractError
from edgebuild.step import Contract, Tensor

IMAGE = Tensor(shape=(1, 3, 6, 4), layout="NCHW", color="RGB")
ANGLE = Tensor(shape=(1, 2), unit="radian")
SPECTRUM = Tensor(shape=(1, 16, 64, 64), layout="NCHW")
MASK = Tensor(shape=(1, 2, 6, 4), layout="NCHW")
HEADER = onnx_header.read(example_model.onnx("image", "mask"))
DECLARED = Contract(
    inputs={"image": dataclasses.replace(IMAGE, dtype="uint8")},
    outputs={"mask": dataclasses.replace(MASK, dtype="float16")},
)


def given(**inputs):
    return Contract(inputs=inputs, outputs={"mask": MASK})


def dense(name, precision, shape, order="NCHW"):
    strides = [2 if precision == "FP16" else 1]
    for size in reversed(shape[1:]):
        strides.append(strides[-1] * size)
    return BlobTensor(
        name=name,
        precision=precision,
        shape=shape,
        order=order,
        strides=tuple(reversed(strides)),
        offset=0,
    )


def blob(*, image=None, mask=None):
    return Blob(
        version=(6, 0),
        size_bytes=1024,
        shaves=2,
        slices=2,
        batch=1,
        inputs=(image or dense("image", "U8", (1, 3, 6, 4)),),
        outputs=(mask or dense("mask", "FP16", (1, 2, 6, 4)),),
        stages=(),
        input_bytes=1024,
        output_bytes=1024,
        bss_bytes=0,
        constant_bytes=0,
    )


def test_u8_is_for_images_alone():
    found = contract.precisions(given(image=IMAGE, angle=ANGLE, spectrum=SPECTRUM), "U8")
    assert found == {"image": "U8", "angle": "FP16", "spectrum": "FP16"}


def test_fp16_is_for_all():
    raw = dataclasses.replace(IMAGE, mean=(127.5,), scale=(64.0,))
    assert contract.precisions(given(image=raw, angle=ANGLE), "FP16") == {
        "image": "FP16",
        "angle": "FP16",
    }


def test_u8_without_an_image_is_an_error():
    with pytest.raises(MyriadContractError) as caught:
        contract.precisions(given(angle=ANGLE, spectrum=SPECTRUM), "U8")
    assert str(caught.value) == (
        "error: input_precision U8, but no input is declared as an image\n"
        "  angle     rank 2, color none\n"
        "  spectrum  rank 4, color none\n"
        "hint: declare `color` (RGB, BGR or GRAY) of the input of rank 4 whose values are 0..255,"
        " or compile with `input_precision: FP16`"
    )


@pytest.mark.parametrize(
    ("mean", "scale"), [((127.5, 120.0, 110.0), ()), ((), (255.0,)), ((0.0,), (0.5,))]
)
def test_u8_before_mean_and_scale_are_in_the_network_is_an_error(mean, scale):
    raw = dataclasses.replace(IMAGE, mean=mean, scale=scale)
    with pytest.raises(MyriadContractError) as caught:
        contract.precisions(given(image=raw), "U8")
    assert caught.value.message == (
        "input_precision U8, but `image` still wants its mean and scale applied"
    )
    assert caught.value.hint == "put `embed_preprocessing: {inputs: [image]}` into the recipe"


def test_a_mean_of_0_and_a_scale_of_1_do_nothing():
    raw = dataclasses.replace(IMAGE, mean=(0.0,), scale=(1.0, 1.0, 1.0))
    assert contract.precisions(given(image=raw), "U8") == {"image": "U8"}


def test_the_contract_foretold_is_bytes_or_float16():
    found = contract.after(given(image=IMAGE, angle=ANGLE), "U8")
    assert {n: t.dtype for n, t in found.inputs.items()} == {"image": "uint8", "angle": "float16"}
    assert found.outputs["mask"].dtype == "float16"
    assert (found.inputs["image"].color, found.inputs["angle"].unit) == ("RGB", "radian")


def test_reads_the_contract_from_the_blob():
    assert contract.read_back(blob(), HEADER, DECLARED) == DECLARED


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (
            blob(mask=dense("mask", "FP16", (1, 1, 1, 1))),
            "output `mask` is 1x1x1x1, in the model 1x2x6x4",
        ),
        (
            blob(mask=dense("mask", "FP16", (1, 2, 24), "CHW")),
            "output `mask` is 1x2x24, in the model 1x2x6x4",
        ),
        (
            blob(image=dense("image", "FP16", (1, 3, 6, 4))),
            "input `image` takes float16, not uint8",
        ),
        (
            blob(
                image=dataclasses.replace(
                    dense("image", "U8", (1, 3, 6, 4)), strides=(72, 1, 12, 3), order="NHWC"
                )
            ),
            "input `image` does not lie in memory as its shape says: order NHWC, strides 72x1x12x3"
            " bytes",
        ),
    ],
)
def test_a_blob_that_differs_from_the_model_is_an_error(found, problem):
    with pytest.raises(MyriadContractError) as caught:
        contract.read_back(found, HEADER, DECLARED)
    assert str(caught.value) == (
        "error: the Myriad X compiler made another network of this model\n"
        f"  (1)  {problem}\n"
        "hint: `legalize` and `simplify` write a model in ops that it reads rightly"
    )


def test_other_names_are_an_error():
    with pytest.raises(MyriadContractError) as caught:
        contract.read_back(blob(mask=dense("mask.0", "FP16", (1, 2, 6, 4))), HEADER, DECLARED)
    assert list(caught.value.fields.values()) == [
        "output `mask` is not in the blob",
        "the blob has an output `mask.0` that the model has not",
    ]
    assert caught.value.hint.startswith("it renames what a node of several outputs (Split, TopK)")


def test_a_shape_the_model_leaves_open_is_held_against_the_manifest():
    open_ = dataclasses.replace(HEADER.outputs[0], shape=(1, None, None, None))
    header = dataclasses.replace(HEADER, outputs=(open_,))
    assert contract.read_back(blob(), header, DECLARED) == DECLARED
    other = blob(mask=dense("mask", "FP16", (1, 2, 6, 5)))
    with pytest.raises(MyriadContractError, match="output `mask` is 1x2x6x5, declared 1x2x6x4"):
        contract.read_back(other, header, DECLARED)


def test_a_scalar_is_a_single_element_in_the_blob_and_stays_a_scalar():
    scalar = dataclasses.replace(HEADER.outputs[0], shape=())
    header = dataclasses.replace(HEADER, outputs=(scalar,))
    declared = dataclasses.replace(DECLARED, outputs={"mask": Tensor(shape=(), dtype="float16")})
    found = contract.read_back(blob(mask=dense("mask", "FP16", (1,), "C")), header, declared)
    assert found.outputs["mask"].shape == ()
