"""The kind `backend/myriad_blob` as the plan sees it: its parameters and its change of contract."""

import pytest

from edgebuild.myriad.contract import MyriadContractError
from edgebuild.step import Contract, Tensor
from edgebuild.steps.backends import myriad_blob
from edgebuild.steps.backends.myriad_blob import MyriadParamsError, Params

GAZE = Contract(
    inputs={
        "eyes": Tensor(shape=(1, 2, 48, 64), layout="NCHW", color="GRAY"),
        "angle": Tensor(shape=(1, 2), unit="radian"),
    },
    outputs={"corrected": Tensor(shape=(1, 2, 48, 64), layout="NCHW")},
)


def dtypes(contract):
    return {n: t.dtype for n, t in (*contract.inputs.items(), *contract.outputs.items())}


def test_foretells_the_contract():
    kind = myriad_blob.KIND
    assert kind.contract is not None
    assert dtypes(kind.contract(Params(), GAZE)) == {
        "eyes": "float16",
        "angle": "float16",
        "corrected": "float16",
    }
    assert dtypes(kind.contract(Params(input_precision="U8"), GAZE)) == {
        "eyes": "uint8",
        "angle": "float16",
        "corrected": "float16",
    }


def test_what_cannot_be_is_refused_when_the_build_is_planned():
    contract = myriad_blob.KIND.contract
    no_image = Contract(inputs={"angle": GAZE.inputs["angle"]}, outputs=GAZE.outputs)
    with pytest.raises(MyriadContractError):
        contract(Params(input_precision="U8"), no_image)
    with pytest.raises(MyriadParamsError) as caught:
        contract(Params(shaves=5, slices=3), GAZE)
    assert str(caught.value) == (
        "error: 5 SHAVEs cannot share 3 slices of on-chip memory\n"
        "hint: leave `slices` out, or give at least as many as `shaves`"
    )


def test_its_key_holds_the_whole_driver():
    assert myriad_blob.KIND.code == ("edgebuild.myriad",)
    assert myriad_blob.KIND.tools == "myriad"
