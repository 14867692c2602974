"""What changed between two contracts, and what of it breaks those who rely on the first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgebuild.formats.contract_change import Change, changes, worst
from edgebuild.step import Contract, Tensor

IMAGE = Tensor(shape=(1, 3, 6, 4), layout="NCHW", color="RGB", mean=(127.5,), scale=(64.0,))
BEFORE = {
    "inputs": {"image": IMAGE},
    "outputs": {"mask": Tensor(shape=(1, 2)), "edge": Tensor(shape=(1,))},
}


def contract(inputs=None, outputs=None):
    return Contract(
        inputs=inputs or BEFORE["inputs"], outputs=outputs or BEFORE["outputs"]
    ).to_json()


def image(**fields):
    from dataclasses import replace

    return contract(inputs={"image": replace(IMAGE, **fields)})


def told(after, before=None):
    return [(c.kind, c.text) for c in changes(before or contract(), after)]


def test_nothing_changed():
    assert told(contract()) == []
    assert worst([]) == "none"


@pytest.mark.parametrize(
    ("after", "text"),
    [
        (image(shape=(1, 3, 8, 4)), "input `image` shape: [1, 3, 6, 4] -> [1, 3, 8, 4]"),
        (image(dtype="uint8"), "input `image` type: float32 -> uint8"),
        (image(layout="NHWC"), "input `image` layout: NCHW -> NHWC"),
        (image(color="BGR"), "input `image` colour order: RGB -> BGR"),
        (image(mean=()), "input `image` mean: [127.5] -> none"),
        (image(scale=(64.0, 60.0, 50.0)), "input `image` scale: [64.0] -> [64.0, 60.0, 50.0]"),
    ],
)
def test_what_breaks_users(after, text):
    assert told(after) == [("breaking", text)]


def test_a_renamed_output_is_gone_and_new():
    mask, edge = BEFORE["outputs"].values()
    assert told(contract(outputs={"matte": mask, "edge": edge})) == [
        ("breaking", "output `mask` is gone"),
        ("breaking", "output `matte` is new"),
    ]


def test_a_new_input_must_be_fed():
    inputs = {**BEFORE["inputs"], "state": Tensor(shape=(1,))}
    assert told(contract(inputs=inputs)) == [("breaking", "input `state` is new")]


def test_a_new_output_behind_the_others_breaks_nobody():
    new = Tensor(shape=(1,))
    assert told(contract(outputs={**BEFORE["outputs"], "score": new})) == [
        ("compatible", "output `score` is new")
    ]
    assert told(contract(outputs={"score": new, **BEFORE["outputs"]})) == [
        ("breaking", "output `score` is new")
    ]


def test_outputs_in_another_order():
    swapped = dict(reversed(BEFORE["outputs"].items()))
    assert told(contract(outputs=swapped)) == [
        ("breaking", "order of outputs: `mask`, `edge` -> `edge`, `mask`")
    ]


def test_a_unit_that_is_told_now_is_documentation_another_unit_is_not():
    def unit(name):
        return contract(outputs={**BEFORE["outputs"], "edge": Tensor(shape=(1,), unit=name)})

    assert told(unit("px")) == [("compatible", "output `edge` unit: none -> px")]
    assert told(unit("mm"), unit("px")) == [("breaking", "output `edge` unit: px -> mm")]


def quantised(scale):
    made = contract()
    made["inputs"][0]["quantization"] = {"bits": 8, "scale": scale, "offset": 0}
    return made


def test_a_scale_of_quantised_values():
    assert told(quantised(0.25), quantised(0.25 * (1 + 1e-8))) == []
    assert told(quantised(0.25), quantised(0.5)) == [
        (
            "breaking",
            "input `image` quantisation: bits 8, scale 0.5, offset 0 -> bits 8, scale 0.25, offset 0",
        )
    ]


def test_breaking_changes_come_first():
    mixed = contract(inputs=None, outputs={**BEFORE["outputs"], "score": Tensor(shape=(1,))})
    mixed["inputs"][0]["color"] = "BGR"
    assert [c.kind for c in changes(contract(), mixed)] == ["breaking", "compatible"]
    assert (
        worst([Change(kind="compatible", text=""), Change(kind="breaking", text="")]) == "breaking"
    )


TENSORS = st.builds(
    Tensor,
    shape=st.tuples(st.integers(1, 3)),
    dtype=st.sampled_from(["float32", "uint8"]),
    unit=st.sampled_from(["", "px", "mm"]),
    mean=st.sampled_from([(), (0.5,)]),
)
SIDES = st.dictionaries(st.sampled_from("abcd"), TENSORS, max_size=3)
CONTRACTS = st.builds(lambda i, o: Contract(inputs=i, outputs=o).to_json(), SIDES, SIDES)


@given(CONTRACTS, CONTRACTS)
def test_changes_are_none_exactly_where_contracts_are_equal(a, b):
    assert bool(changes(a, b)) is (a != b)
    assert changes(a, a) == []
