"""Pictures show figures where they are."""

import math

import pytest
from fakereport import finding
from hypothesis import given
from hypothesis import strategies as st

from edgebuild.report.charts.bars import histogram, margin_bar, margin_text, stacked_bar
from edgebuild.report.charts.lines import depth, sparkline, verdict_dots
from edgebuild.report.charts.plot import Scale, around, logarithmic
from edgebuild.report.charts.points import Choice, Layer, choices, roofline

NUMBERS = st.floats(-1e9, 1e9)


def fill(found):
    """From where to where the bar goes."""
    (rect,) = (e for e in margin_bar(found).iter("rect") if "fill" in e.get("class"))
    return float(rect.get("x")), float(rect.get("x")) + float(rect.get("width"))


@pytest.mark.parametrize(
    ("value", "limit", "words", "bar"),
    [
        (0.945, ">= 0.9", "+5 %", (50, 61.2)), (0.81, ">= 0.9", "−10 %", (34.2, 50)),
        (300.0, "<= 600", "+50 %", (50, 85.4)), (600.0, "<= 600", "at limit", (50, 52)),
        (9000.0, "<= 600", "−14x", (0, 50)), (5.0, "<= 0", "", (0, 50)),

        ("inf", ">= 40", "", (50, 100)),
    ],
)  # fmt: skip
def test_a_margin_goes_right_where_it_is_good_and_left_where_not(value, limit, words, bar):
    found = finding("some.figure", value, limit)
    assert margin_text(found) == words
    assert fill(found) == pytest.approx(bar, abs=0.1)


@pytest.mark.parametrize(("decibels", "above"), [(24.0, False), (20.0, True)])
def test_a_thresholds_words_stand_where_the_line_is_not(decibels, above):
    picture = depth([(f"l{k}", decibels, False) for k in range(30)], set(), limit=22.0, label="x")
    mark = next(e for e in picture.iter("line") if e.get("class") == "mark")
    words = next(e for e in picture.iter("text") if "threshold" in (e.text or ""))
    assert (float(words.get("y")) < float(mark.get("y1"))) == above


def test_nothing_where_nothing_is_asked_is_no_picture():
    found = finding("contract.mismatches", 0.0, "<= 0")
    assert (margin_bar(found), margin_text(found)) == (None, "")


def test_an_interval_is_a_whisker_between_its_ends():
    found = finding("quality.map50", 0.95, ">= 0.9", interval=(0.9, 0.99))
    (whisker,) = (e for e in margin_bar(found).iter("path") if e.get("class") == "whisker")
    assert whisker.get("d").startswith("M50.0 ")
    assert "M65.8 " in whisker.get("d")


def test_a_value_above_its_maximum_has_no_margin_above_its_minimum():
    found = finding("some.figure", 3, ">= 1, <= 2", "failed", bound=2, side="max")
    assert margin_text(found) == "−50 %"


def test_no_bound_or_no_value_is_no_bar():
    assert margin_bar(finding("quality.map50", 0.9, "drop <= 0.1")) is None
    assert margin_bar(finding("quality.map50", None, ">= 0.1")) is None


def test_parts_of_a_bar_fill_it_in_their_order():
    bar = stacked_bar([("input", 1.0), ("weights", 3.0)], label="traffic")
    rects = [(r.get("x"), r.get("width")) for r in bar.iter("rect")]
    assert rects == [("0.000%", "25.000%"), ("25.000%", "75.000%")]
    assert "weights 3 75 %" in "".join(bar.itertext())


@given(st.lists(NUMBERS, min_size=1), st.booleans())
def test_a_scale_holds_all_values_and_its_ticks(values, zero):
    scale = around(values, zero=zero)
    assert all(scale.low <= v <= scale.high for v in values)
    assert all(0 <= scale.at(t) <= 1 for t in scale.ticks())
    assert 1 <= len(scale.ticks()) <= 8
    ordered = sorted(values)
    places = [scale.at(v) for v in ordered]
    assert places == sorted(places)


@given(st.lists(st.floats(1e-6, 1e9), min_size=1))
def test_a_logarithmic_scale_holds_all_values(values):
    scale = logarithmic(values)
    assert all(0 <= scale.at(v) <= 1 for v in values)
    assert len(scale.ticks()) <= 8


def test_error_over_depth_marks_the_worst_and_what_is_not_finite():
    rows = [("a", math.inf, False), ("b", 50.0, False), ("c", 12.0, False), ("d", -math.inf, True)]
    picture = depth(rows, {2}, limit=22.0, label="x")
    titles = {
        e.findtext("title"): e.get("class") for e in picture.iter() if e.find("title") is not None
    }
    assert titles == {
        "1: a, equal": "dot", "2: b, 50.0 dB": "dot", "3: c, 12.0 dB": "worst", "4: d, not finite": "bad cross",
    }  # fmt: skip
    assert "threshold 22 dB" in "".join(picture.itertext())


def test_a_histogram_counts_every_frame_once():
    times = [1.0, 1.1, 1.1, 1.2, 9.0]
    picture = histogram(times, [("p50", 1.1), ("p99", 9.5)], unit="ms", label="x")
    counts = [int(e.findtext("title").split()[0]) for e in picture.iter("rect")]
    assert sum(counts) == 5
    assert "p50 1.1 ms" in "".join(picture.itertext())


def places(picture, kind="circle"):
    return {
        e.findtext("title").partition(":")[0]: (float(e.get("cx").rstrip("%")), float(e.get("cy")))
        for e in picture.iter(kind)
    }


LAYERS = [
    Layer(name="small", intensity=2.0, gops=20.0, share=0.2, group="memory"),
    Layer(name="large", intensity=400.0, gops=1000.0, share=0.8, group="memory"),
]


@pytest.mark.parametrize("bandwidth", [10.0, None])
def test_layers_stand_below_the_roof(bandwidth):
    picture = roofline(
        LAYERS, peak_gops=1000.0, bandwidth_gb_s=bandwidth, groups=["memory"], label="x"
    )
    found = places(picture)
    assert found["small"][0] < found["large"][0]
    assert found["small"][1] > found["large"][1]
    words = "".join(picture.itertext())
    assert "peak 1 Top/s" in words
    assert ("10 GB/s" in words) == (bandwidth is None), "what a bandwidth would allow"


def choice(name, score, time_ms, **more):
    return Choice(
        **{"name": name, "score": score, "interval": None, "time_ms": time_ms, "measured": True,
           "size_bytes": 1000, "accepted": True, "this": False, **more}
    )  # fmt: skip


def test_variants_by_quality_time_and_size():
    picture = choices(
        [choice("int8", 0.93, 4.0, this=True), choice("fp16", 0.95, 9.0, size_bytes=4000, measured=False)],
        score="quality.map50", label="x",
    )  # fmt: skip
    found = places(picture)
    assert found["int8"][0] < found["fp16"][0]
    assert found["int8"][1] > found["fp16"][1]
    circles = {e.findtext("title").partition(":")[0]: e for e in picture.iter("circle")}
    assert float(circles["fp16"].get("r")) > float(circles["int8"].get("r"))
    assert "guess" in circles["fp16"].get("class")
    assert "this" in circles["int8"].get("class")


def test_variants_without_times_stand_by_size_and_one_alone_is_no_picture():
    pair = [choice("a", 0.9, None), choice("b", 0.9, 3.0)]
    assert "MB" in "".join(choices(pair, score="s", label="x").itertext())
    assert choices(pair[:1], score="s", label="x") is None
    assert choices([pair[0], choice("c", None, 1.0)], score="s", label="x") is None


def test_a_sparkline_skips_what_was_not_measured():
    line = sparkline([1.0, None, 3.0], label="x").find("polyline")
    assert len(line.get("points").split()) == 2
    assert sparkline([None, None], label="x") is None
    assert sparkline([5.0], label="x").find("polyline") is None


def test_verdicts_are_told_apart_by_form():
    dots = verdict_dots([(True, "monday"), (False, "tuesday")])
    assert [e.tag for e in dots] == ["circle", "path"]
    assert dots.get("aria-label") == "oldest first: accepted, rejected"


def test_a_scale_of_one_value_has_room():
    assert Scale(low=0, high=1).at(2) == 1
    scale = around([5.0])
    assert scale.low < 5 < scale.high
