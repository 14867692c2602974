"""A record of a release is read as it was written, and anything else is refused with a remedy."""

import json

import pytest

from edgebuild.formats import released
from edgebuild.formats.released import Released, ReleasedError
from edgebuild.step import Contract, Tensor

CONTRACT = Contract(inputs={"x": Tensor(shape=(1,))}, outputs={"y": Tensor(shape=(1,))}).to_json()
RECORD = Released(
    model="net", version="1.2.0", contract=CONTRACT, variants={"b/2": CONTRACT, "a": CONTRACT}
)


def test_what_was_written_is_read_and_order_does_not_matter(tmp_path):
    path = tmp_path / "released.json"
    path.write_bytes(released.to_bytes(RECORD))
    found = released.load(path)
    assert found == RECORD
    assert released.to_bytes(found) == path.read_bytes()
    assert found.contract_of("a") == CONTRACT
    assert found.contract_of("c") is None


def edited(**fields):
    return json.dumps({**json.loads(released.to_bytes(RECORD)), **fields})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "TypeError: list indices must be integers or slices, not str"),
        (edited(schema="other/1"), "ValueError: another schema"),
        (edited(version="new"), "ValueError: no semantic version: new"),
        (edited(contract={}), "KeyError: 'inputs'"),
        (edited(variants=[1]), "AttributeError: 'list' object has no attribute 'values'"),
    ],
)
def test_anything_else_is_refused(tmp_path, text, reason):
    path = tmp_path / "released.json"
    path.write_text(text)
    with pytest.raises(ReleasedError) as caught:
        released.load(path)
    assert str(caught.value) == (
        "error: released.json is no record of a release\n"
        f"  reason  {reason}\n"
        "hint: take it from version control again; only `doit freeze` writes it"
    )


def test_quantisation_of_the_artifact_joins_what_was_promised():
    found = json.loads(json.dumps(CONTRACT))
    found["outputs"][0] |= {"quantization": {"bits": 8, "scale": 0.5, "offset": 0}, "unit": "no"}
    made = released.with_quantization(CONTRACT, found)
    assert made["inputs"] == CONTRACT["inputs"]
    assert made["outputs"][0]["quantization"]["scale"] == 0.5
    assert made["outputs"][0]["unit"] == ""
