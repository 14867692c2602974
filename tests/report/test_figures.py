"""Figures are read as JSON holds them and written as people read them."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgebuild.report.figures import (
    amount,
    between,
    bytes_text,
    duration,
    figure,
    number,
    percent,
    plain,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (41.2534999, "dB", "41.253 dB"), (0.0, "", "0"), (3.0, "", "3"), (1_234_567.0, "", "1\u202f234\u202f567"),
        (math.inf, "dB", "∞ dB"), ("inf", "dB", "∞ dB"), ("-inf", "", "−∞"), (None, "dB", "not measured"),
        (math.nan, "", "not measured"), (170_624, "bytes", "170.62 kB"), (True, "", "not measured"),
        ("12", "", "not measured"), (1.5e-7, "", "1.5e-07"),
        (2.26786e-05, "ms", "22.679 ns"), (0.0, "ms", "0 ms"), (5_250_218.4, "fps", "5\u202f250\u202f200 fps"),
    ],
)  # fmt: skip
def test_a_figure_is_written_as_people_read_it(value, unit, text):
    assert number(value, unit) == text


def test_amounts_shares_and_sizes():
    assert [amount(v, "MAC") for v in (0, 950, 61_234_000, None)] == [
        "0 MAC", "950 MAC", "61.2 MMAC", "not measured",
    ]  # fmt: skip
    assert [percent(v) for v in (0, 0.00001, 0.123456, 0.99999, 1)] == [
        "0 %", "< 0.01 %", "12.3 %", "100.00 %", "100 %",
    ]  # fmt: skip
    assert [bytes_text(v) for v in (812, 1000, 2.5e9)] == ["812 B", "1.00 kB", "2.50 GB"]


def test_times_that_are_short_have_a_unit_of_their_own():
    assert [duration(ms) for ms in (41.2534, 0.00356, 0.00019047)] == [
        "41.3 ms", "0.00356 ms", "190 ns",
    ]  # fmt: skip


def test_an_interval_is_two_figures():
    assert between([0.9, 0.95]) == (0.9, 0.95)
    assert between(["-inf", 1]) == (-math.inf, 1.0)
    for none in (None, [], [1], [1, None], "ab", {"low": 1}):
        assert between(none) is None


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(JSON_LIKE)
def test_whatever_is_made_plain_is_json_and_stays_as_it_is(value):
    made = plain(value)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert plain(made) == made


@given(st.floats(allow_nan=False))
def test_no_figure_is_lost_in_json(value):
    assert figure(json.loads(json.dumps(plain(value), allow_nan=False))) == value
