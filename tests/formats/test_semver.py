"""Versions announce changes by semver, and below 1.0.0 by Cargo's rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgebuild.formats import semver


@pytest.mark.parametrize(
    ("before", "after", "announced"),
    [
        # before, after: the largest change that may be in it
        ("1.2.3", "1.2.3", "none"),
        ("1.2.3", "1.2.4", "none"),
        ("1.2.3", "1.3.0", "compatible"),
        ("1.2.3", "2.0.0", "breaking"),
        ("1.2.3", "2.0.0-rc.1", "breaking"),
        ("0.2.0", "0.2.1", "compatible"),
        ("0.2.0", "0.3.0", "breaking"),
        ("0.2.0", "1.0.0", "breaking"),
        ("0.0.1", "0.0.2", "breaking"),
        ("0.0.0", "0.0.1", "breaking"),
        ("2.0.0-rc.1", "2.0.0-rc.2", "breaking"),
        ("2.0.0-rc.1", "2.0.0", "breaking"),
        ("2.0.0-rc.1", "2.0.0-rc.1", "none"),
        ("1.2.3+a", "1.2.3+b", "none"),
    ],
)
def test_what_a_version_announces(before, after, announced):
    order = ["none", "compatible", "breaking"]
    allowed = [change for change in order if semver.announces(before, after, change)]
    assert allowed == order[: order.index(announced) + 1]


@pytest.mark.parametrize(
    ("before", "after"),
    [("1.2.3", "1.2.2"), ("1.0.0", "1.0.0-rc.1"), ("2.0.0-rc.10", "2.0.0-rc.9")],
)
def test_going_back_announces_nothing(before, after):
    assert not any(semver.announces(before, after, c) for c in ("none", "compatible", "breaking"))


@pytest.mark.parametrize(
    ("before", "breaking", "compatible"),
    [
        ("1.2.3", "2.0.0", "1.3.0"),
        ("0.2.3", "0.3.0", "0.2.4"),
        ("0.0.3", "0.0.4", "0.0.4"),
        ("2.0.0-rc.1", "2.0.0", "2.0.0"),
    ],
)
def test_the_version_that_is_needed(before, breaking, compatible):
    assert (semver.needed(before, "breaking"), semver.needed(before, "compatible")) == (
        breaking,
        compatible,
    )


VERSIONS = st.tuples(*[st.integers(0, 3)] * 3).map(lambda n: ".".join(map(str, n)))


@given(VERSIONS, st.sampled_from(["breaking", "compatible"]))
def test_what_is_needed_announces_and_nothing_lower_does(before, change):
    wanted = semver.needed(before, change)
    assert semver.announces(before, wanted, change)
    numbers = semver.parse(wanted).numbers
    for i, n in enumerate(numbers):
        if n:
            lower = (*numbers[:i], n - 1, *([9] * (2 - i)))
            assert not semver.announces(before, ".".join(map(str, lower)), change)


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.x", "v1.2.3", "1.2.3.4", "²·1.1"])
def test_no_version(text):
    with pytest.raises(ValueError, match="no semantic version"):
        semver.parse(text)
