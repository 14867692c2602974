import numpy as np
import pytest

from edgebuild.formats.feed import FeedError, feed
from edgebuild.step import Tensor

SOURCE = Tensor(shape=(1, 3, 2, 2), layout="NCHW", color="RGB")
RAW = np.arange(12, dtype=np.uint8).reshape(1, 3, 2, 2) * 20


def test_mean_and_scale_by_channel():
    stage = Tensor(
        shape=(1, 3, 2, 2), layout="NCHW", color="RGB", mean=(10, 20, 30), scale=(2, 4, 5)
    )
    fed = feed(RAW, SOURCE, stage)
    assert fed.dtype == np.float32
    assert fed[0, :, 0, 1].tolist() == [(20 - 10) / 2, (100 - 20) / 4, (180 - 30) / 5]


def test_colour_order_is_turned_before_mean():
    stage = Tensor(shape=(1, 3, 2, 2), layout="NCHW", color="BGR", mean=(1, 2, 3), scale=(1,))
    assert feed(RAW, SOURCE, stage)[0, :, 0, 0].tolist() == [160 - 1, 80 - 2, 0 - 3]


def test_layout_moves_the_channels():
    stage = Tensor(shape=(1, 2, 2, 3), layout="NHWC", color="BGR", dtype="uint8")
    fed = feed(RAW, SOURCE, stage)
    assert fed.dtype == np.uint8
    assert fed[0, 1, 0].tolist() == [200, 120, 40]
    back = feed(fed, stage, Tensor(shape=(1, 3, 2, 2), layout="NCHW", color="RGB", dtype="uint8"))
    assert (back == RAW).all()


def test_bytes_are_rounded_half_to_even_and_clipped():
    values = np.array([[-3.0, 0.5, 1.5, 254.6, 300.0]], np.float32)
    source = Tensor(shape=(1, 5), layout="NC")
    stage = Tensor(shape=(1, 5), layout="NC", dtype="uint8")
    assert feed(values, source, stage).tolist() == [[0, 0, 2, 255, 255]]


def test_large_integers_do_not_wrap():
    source = Tensor(shape=(1, 2), dtype="int32")
    stage = Tensor(shape=(1, 2), dtype="int8")
    assert feed(np.array([[500, -500]], np.int32), source, stage).tolist() == [[127, -128]]


def test_what_cannot_be_converted_is_refused():
    gray = Tensor(shape=(1, 3, 2, 2), layout="NCHW", color="GRAY")
    with pytest.raises(FeedError) as error:
        feed(RAW, SOURCE, gray)
    assert str(error.value) == ("error: colours cannot be converted\n  has     RGB\n  wanted  GRAY")
    with pytest.raises(FeedError, match="layouts cannot be converted"):
        feed(RAW, SOURCE, Tensor(shape=(1, 12), layout="NC", color="RGB"))
    with pytest.raises(FeedError, match="a sample has another shape than the input"):
        feed(RAW[0], SOURCE, SOURCE)
    with pytest.raises(FeedError, match="`mean` has 2 values"):
        feed(RAW, SOURCE, Tensor(shape=(1, 3, 2, 2), layout="NCHW", color="RGB", mean=(1, 2)))
