from edgebuild.formats import contract_file
from edgebuild.step import Contract, Tensor

EXPECTED = Contract(
    inputs={"a": Tensor(shape=(1, 2), mean=(0.5,)), "b": Tensor(shape=(1,), dtype="uint8")},
    outputs={"y": Tensor(shape=(1, 4))},
)


def test_what_was_saved_is_read(tmp_path):
    contract_file.save(tmp_path / "c.json", EXPECTED)
    read = contract_file.load(tmp_path / "c.json")
    assert read == EXPECTED
    assert list(read.inputs) == ["a", "b"]


def test_agreement_does_not_look_at_what_no_artifact_tells():
    plain = Contract(
        inputs={"a": Tensor(shape=(1, 2)), "b": Tensor(shape=(1,), dtype="uint8")},
        outputs=EXPECTED.outputs,
    )
    assert contract_file.differences(EXPECTED, plain) == []


def test_every_difference_in_words():
    found = Contract(
        inputs={"b": Tensor(shape=(2,)), "a": Tensor(shape=(1, 2))},
        outputs={"z": Tensor(shape=(1, 4))},
    )
    assert contract_file.differences(EXPECTED, found) == [
        "inputs are in another order: declared `a`, `b`, found `b`, `a`",
        "input `b` has shape [2], declared [1]",
        "input `b` has type float32, declared uint8",
        "output `y` is missing",
        "output `z` is not declared",
    ]
