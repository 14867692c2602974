"""Protobuf fields: written, read, and refused where they are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgebuild.formats import protobuf
from edgebuild.formats.protobuf import ProtobufError


@given(
    st.lists(
        st.tuples(st.integers(1, 2**29 - 1), st.integers(0, 2**64 - 1) | st.binary(max_size=300)),
        max_size=8,
    )
)
def test_fields_read_as_they_were_written(written):
    data = b"".join(protobuf.field(number, value) for number, value in written)
    found = [
        (number, value if isinstance(value, int) else bytes(value))
        for number, value in protobuf.fields(memoryview(data))
    ]
    assert found == written


def test_numbers_of_a_fixed_width_come_as_their_bytes():
    data = bytes([1 << 3 | 1, *range(8), 2 << 3 | 5, *range(4)])
    assert [(n, bytes(v)) for n, v in protobuf.fields(memoryview(data))] == [
        (1, bytes(range(8))),
        (2, bytes(range(4))),
    ]


def test_integers_are_signed_and_may_be_packed():
    assert protobuf.integer(1, 2**64 - 1) == -1
    packed = memoryview(b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x96\x01")
    assert protobuf.integers(1, packed) == [1, -1, 150]
    assert protobuf.integers(1, 5) == [5]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x08", "a number runs out of the message"),
        (b"\x08\x80", "a number runs out of the message"),
        (b"\x08" + b"\xff" * 10, "a number of more than 64 bits"),
        (b"\x08" + b"\x80" * 9 + b"\x02", "a number of more than 64 bits"),
        (b"\x0a\x05abc", "field 1 has 5 bytes, 3 are left"),
        (b"\x0d\0\0", "field 1 has 4 bytes, 2 are left"),
        (b"\x0b", "field 1 has the unknown wire type 3"),
        (b"\x00\x00", "a field numbered 0"),
    ],
)
def test_says_what_is_wrong(data, message):
    with pytest.raises(ProtobufError) as caught:
        list(protobuf.fields(memoryview(data)))
    assert caught.value.message == message


def test_a_field_of_another_type_is_an_error():
    with pytest.raises(ProtobufError, match="field 7 is a number where a message or text belongs"):
        protobuf.message(7, 1)
    with pytest.raises(ProtobufError, match="field 8 holds bytes where a number belongs"):
        protobuf.integer(8, memoryview(b"x"))
    with pytest.raises(ProtobufError, match="field 9 is not UTF-8"):
        protobuf.text(9, memoryview(b"\xff"))
