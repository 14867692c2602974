"""What can be tried with an input, what the network then gets, and what is said of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgebuild.formats import hypotheses
from edgebuild.formats.feed import feed
from edgebuild.formats.hypotheses import Trial
from edgebuild.step import Contract, Tensor

WHAT = ("color", "range", "layout", "resize")


def contract(**more):
    given = {"shape": (1, 3, 4, 6), "layout": "NCHW", "color": "RGB", **more}
    return Contract(inputs={"image": Tensor(**given)}, outputs={})


def tried(**more):
    return [(t.what, t.variant) for t in hypotheses.of_inputs(contract(**more))]


@given(st.sampled_from(WHAT), st.text(), st.text())
def test_a_trial_is_known_by_its_key(what, name, variant):
    trial = Trial(what=what, name=name, variant=variant)
    assert Trial.of(trial.key) == trial
    assert "/" not in trial.key


def test_everything_that_can_be_tried_with_a_picture():
    assert tried(mean=(123.675, 116.28, 103.53)) == [
        ("color", "exchanged"),
        ("layout", "channels"),
        ("layout", "sides"),
        ("range", "none"),
        ("range", "0..1"),
        ("range", "-1..1"),
        ("range", "imagenet"),
        ("range", "imagenet of 0..1"),
        ("range", "twice"),
        ("range", "times 255"),
        ("range", "by 255"),
    ]


@pytest.mark.parametrize(
    ("own", "absent"),
    [
        ({}, {"none", "twice"}),
        ({"mean": (0, 0, 0), "scale": (255, 255, 255)}, {"0..1", "by 255"}),
        ({"mean": (127.5,), "scale": (127.5,)}, {"-1..1"}),
        ({"mean": (103.53, 116.28, 123.675), "scale": (57.375, 57.12, 58.395), "color": "BGR"}, {"imagenet"}),
    ],
)  # fmt: skip
def test_what_is_there_already_is_not_tried_again(own, absent):
    variants = {variant for what, variant in tried(**own) if what == "range"}
    assert not variants & absent
    assert len(variants) >= 4


def test_grey_pictures_have_no_colours_and_integers_no_range():
    grey = tried(shape=(1, 1, 4, 6), color="GRAY", scale=(255.0,))
    assert ("color", "exchanged") not in grey
    assert ("range", "imagenet") not in grey
    assert [what for what, _ in tried(dtype="uint8")] == ["color", "layout", "layout"]
    vector = Contract(inputs={"v": Tensor(shape=(1, 8), mean=(1.0,))}, outputs={})
    assert list(hypotheses.of_inputs(vector)) == []


@given(
    st.sampled_from(["NCHW", "NHWC"]),
    st.integers(1, 5),
    st.integers(1, 5),
    st.sampled_from([("color", "exchanged"), ("layout", "channels"), ("layout", "sides")]),
)
def test_values_are_put_in_another_order_and_none_is_lost(layout, high, wide, which):
    shape = (1, 3, high, wide) if layout == "NCHW" else (1, high, wide, 3)
    tensor = Tensor(shape=shape, layout=layout, color="RGB")
    sample = np.arange(3 * high * wide, dtype=np.float32).reshape(shape)
    trial = Trial(what=which[0], name="image", variant=which[1])
    found = hypotheses.fed(trial, "image", sample, tensor)
    assert found.shape == shape
    assert sorted(found.ravel()) == sorted(sample.ravel())
    assert (hypotheses.fed(trial, "other", sample, tensor) == sample).all()


def test_channels_in_the_last_place_are_read_from_there():
    tensor = Tensor(shape=(1, 3, 4, 6), layout="NCHW")
    picture = np.random.default_rng(1).random((1, 3, 4, 6)).astype(np.float32)
    disguised = picture.transpose(0, 2, 3, 1).reshape(picture.shape)
    trial = Trial(what="layout", name="image", variant="channels")
    assert (hypotheses.fed(trial, "image", disguised, tensor) == picture).all()
    turned = picture.swapaxes(2, 3).reshape(picture.shape)
    trial = Trial(what="layout", name="image", variant="sides")
    assert (hypotheses.fed(trial, "image", turned, tensor) == picture).all()


def test_ranges_are_applied_as_said():
    tensor = contract(mean=(10.0,), scale=(2.0,)).inputs["image"]
    sample = np.full((1, 3, 4, 6), 50, np.float32)
    values = {
        variant: float(hypotheses.fed(Trial(what="range", name="x", variant=variant), "x", sample, tensor).mean())
        for variant in ("none", "0..1", "twice", "times 255", "by 255")
    }  # fmt: skip
    assert values == pytest.approx(
        {"none": 50, "0..1": 50 / 255, "twice": 5, "times 255": (50 - 2550) / 510,
         "by 255": (50 - 10 / 255) / (2 / 255)}, rel=1e-6
    )  # fmt: skip
    blue = contract(color="BGR").inputs["image"]
    mean, scale = hypotheses.range_of("imagenet", blue)
    assert (mean[0], scale[0]) == (103.53, 57.375)
    assert feed(sample, blue, blue).mean() == 50


@pytest.mark.parametrize(
    ("what", "name", "variant", "more", "source", "artifact", "change"),
    [
        (
            "range", "image", "-1..1", {"scale": (58.0,)},
            "mean of `image` is missing",
            "the artifact applies another mean and scale to `image`",
            "with mean 127.5 and scale 127.5 for `image`",
        ),
        (
            "range", "image", "0..1", {},
            "mean and scale of `image` are missing",
            "the artifact applies another mean and scale to `image`",
            "with scale 255 for `image`",
        ),
        (
            "range", "image", "twice", {"mean": (1.0,)},
            "mean and scale of `image` have to be applied twice",
            "the artifact applies mean and scale of `image` twice",
            "with mean and scale of `image` applied twice",
        ),
        (
            "range", "image", "none", {"mean": (1.0,)},
            "`image` has its mean and scale applied already, or takes raw values",
            "the artifact applies no mean and scale to `image`",
            "with `image` as it is",
        ),
        (
            "layout", "image", "channels", {},
            "the data has `image` transposed",
            "the artifact reads `image` transposed",
            "with the values of `image` read as NHWC",
        ),
        (
            "resize", "up1", "nearest", {},
            "Resize `up1` is of another mode than the network was trained with",
            "the artifact resizes otherwise in Resize `up1`",
            "with Resize `up1` of mode `nearest`",
        ),
    ],
)  # fmt: skip
def test_what_is_said(what, name, variant, more, source, artifact, change):
    words = hypotheses.words(Trial(what=what, name=name, variant=variant), contract(**more))
    assert (words.source, words.artifact, words.change) == (source, artifact, change)
