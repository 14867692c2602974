import math

import numpy as np
import pytest

from edgebuild.steps import agreement
from edgebuild.steps.agreement import AgreementError


def require(expected, actual, sqnr_db=80):
    arrays = ({"y": np.asarray(a)} for a in (expected, actual))
    agreement.require(*arrays, sqnr_db=sqnr_db, what="the tool")


def test_the_worst_output_decides_and_is_named(capsys):
    ones = np.ones(4)
    expected = {"a": ones, "b": ones, "c": ones}
    actual = {"a": ones, "b": ones + 1e-2, "c": ones + 1e-6}
    with pytest.raises(AgreementError) as error:
        agreement.require(expected, actual, sqnr_db=80, what="the tool")
    assert str(error.value) == (
        "error: the tool changed what the model computes\n"
        "  output  b\n"
        "  sqnr    40.0 dB\n"
        "  needed  80 dB\n"
        "hint: report it with the model: this is a fault of a tool, not of the manifest"
    )
    agreement.require(expected, actual, sqnr_db=39, what="the tool")
    assert capsys.readouterr().out == "the tool: 40.0 dB at output b\n" * 2


def test_an_output_of_another_shape_or_none():
    with pytest.raises(AgreementError, match="the tool changed the shape of output `y`"):
        require(np.ones(3), np.ones(4))
    with pytest.raises(AgreementError, match="the tool changed the shape of output `y`"):
        agreement.require({"y": np.ones(3)}, {}, sqnr_db=80, what="the tool")


def test_values_that_are_not_finite_must_be_so_in_the_same_places():
    require([1.0, math.nan, math.inf], [1.0, math.nan, math.inf])
    with pytest.raises(AgreementError):
        require([1.0, math.nan], [1.0, 2.0])
    with pytest.raises(AgreementError):
        require([1.0, 2.0], [1.0, math.nan])
    with pytest.raises(AgreementError):
        require([1.0, math.nan], [1.1, math.nan])


def test_a_network_that_answers_with_no_numbers_is_no_fault_of_a_tool():
    with pytest.raises(AgreementError) as error:
        require([1.0, math.nan], [1.0, 2.0])
    assert str(error.value).endswith(
        "hint: the model itself answers with values that are not finite: see whether `mean` and `scale` are"
        " those that it expects, (raw - mean) / scale, and the data raw values"
    )


def test_near_ties_of_labels_are_allowed_wrong_labels_are_not():
    labels = np.arange(1000) % 7
    few, many = labels.copy(), labels.copy()
    few[:10] += 1
    many[:11] += 1
    require(labels, few)
    with pytest.raises(AgreementError):
        require(labels, many)
    with pytest.raises(AgreementError):
        require([3], [4])
    with pytest.raises(AgreementError):
        require([True, False], [False, False])


def test_single_numbers_are_compared_too():
    one, other = np.float32(1.0), np.asarray(np.float32(1.01))
    assert agreement.sqnr(np.asarray(one), other) == pytest.approx(40, abs=0.1)
    assert agreement.max_abs(np.asarray(one), other) == pytest.approx(0.01, abs=1e-4)
    require(1.0, 1.0)
