"""Digests name bytes; canonical JSON is equal exactly when values are."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgebuild import digest as digests
from edgebuild.digest import Digest, canonical_json
from edgebuild.errors import Position

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)  # fmt: skip


def test_digest_is_what_sha256sum_says(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"edge")
    expected = Digest(hashlib.sha256(b"edge").hexdigest(), 4)
    assert digests.of_file(path) == digests.of_bytes(b"edge") == expected
    assert Digest.parse(str(expected)) == expected


@pytest.mark.parametrize("text", ["", "abc/1", "g" * 64 + "/1", "0" * 64, "0" * 64 + "/-1"])
def test_parse_refuses_what_is_no_digest(text):
    with pytest.raises(ValueError, match="not a digest"):
        Digest.parse(text)


@given(VALUES)
def test_canonical_json_reads_back_as_the_value(value):
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(), st.integers()))
def test_key_order_does_not_matter(mapping):
    assert canonical_json(mapping) == canonical_json(dict(reversed(mapping.items())))


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), {1: 2}, {1, 2}, b"x", Position(file="f", line=1, column=1)],
)
def test_what_has_no_one_form_cannot_enter_a_key(value):
    with pytest.raises((TypeError, ValueError)):
        canonical_json({"a": [value]})


def test_golden():
    """A change here changes every key of every store in the world."""
    value = {"b": [1, 2.5, None, True], "a": {"ü": "x"}}
    assert canonical_json(value) == '{"a":{"ü":"x"},"b":[1,2.5,null,true]}'.encode()
