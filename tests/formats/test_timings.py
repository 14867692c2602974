"""Percentiles mean what they say, and a file gives back what was put in."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgebuild.formats import timings

RUNS = st.lists(st.floats(0.001, 1e5), min_size=1, max_size=450)


@given(RUNS)
def test_a_percentile_is_the_smallest_time_that_so_many_do_not_exceed(ms):
    made = timings.measured("onnxruntime", "host", ms, warmup_ms=1.0)
    for percent, value in ((50, made.p50), (95, made.p95), (99, made.p99)):
        assert sum(x <= value for x in ms) * 100 >= percent * len(ms)
        assert sum(x < value for x in ms) * 100 < percent * len(ms)
    assert made.throughput_fps == pytest.approx(len(ms) / (math.fsum(ms) / 1000))


@given(RUNS)
def test_what_is_kept_of_many_runs_are_their_own_figures_from_first_to_last(ms):
    made = timings.measured("onnxruntime", "host", ms, warmup_ms=1.0)
    assert made.runs == len(ms)
    assert len(made.ms) == min(200, len(ms))
    assert list(made.ms) == sorted(made.ms)
    assert made.ms[0] == round(min(ms), 6)
    assert made.ms[-1] == round(max(ms), 6)
    assert set(made.ms) <= {round(x, 6) for x in ms}


def test_jitter_is_what_the_slow_frames_take_longer():
    made = timings.measured("openvino", "host", [*[2.0] * 90, *[5.0] * 10], warmup_ms=None)
    assert (made.p50, made.p95, made.jitter_ms) == (2.0, 5.0, 3.0)
    assert timings.measured("openvino", "host", [2.0], warmup_ms=None).jitter_ms is None


@pytest.mark.parametrize(
    "made",
    [
        timings.measured("depthai", "device", [3.0, 1.0], warmup_ms=9.0, cpu="a", note="über USB"),
        timings.estimated("roofline", 4.0, note="without memory"),
        timings.unknown("roofline", "the target has no peak_gops"),
    ],
)
def test_a_file_gives_back_what_was_put_in(made, tmp_path):
    timings.save(tmp_path / "t.json", made)
    assert timings.load(tmp_path / "t.json") == made
    assert set(json.loads((tmp_path / "t.json").read_text())) == {
        "by", "evidence", "ms", "runs", "warmup_ms", "p50", "p95", "p99", "jitter_ms",
        "throughput_fps", "cpu", "note",
    }  # fmt: skip


def test_an_estimate_is_one_figure():
    made = timings.estimated("roofline", 4.0)
    assert (made.evidence, made.ms, made.runs) == ("estimated", (4.0,), 0)
    assert (made.p50, made.p95, made.p99, made.throughput_fps) == (4.0, 4.0, 4.0, 250.0)
    assert (made.jitter_ms, made.warmup_ms) == (None, None)
