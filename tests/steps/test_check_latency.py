"""What check/latency says of measured, estimated and unknown times."""

import stepcall

from edgebuild.formats import measurements, timings
from edgebuild.steps.checks import latency


def measured(made, folder):
    timings.save(folder / "timings.json", made)
    inputs = {"timings": folder / "timings.json"}
    done = stepcall.run(latency, folder / "step", inputs)
    rows, details = measurements.load(done["measurements"])
    assert {row.evidence for row in rows} == {made.evidence}
    return {r.metric.removeprefix("latency."): (r.value, r.detail) for r in rows}, details


def test_of_many_frames(tmp_path):
    ms = [1 + i / 64 for i in range(200)]
    made = timings.measured("onnxruntime", "host", ms, warmup_ms=7.5, cpu="Z80", note="alone")
    rows, details = measured(made, tmp_path)
    assert rows == {
        "ms_p50": (1 + 99 / 64, "of 200 frames"),
        "ms_p95": (1 + 189 / 64, "of 200 frames"),
        "ms_p99": (1 + 197 / 64, "of 200 frames"),
        "jitter_ms": (90 / 64, "of 200 frames"),
        "throughput_fps": (1000 * 200 / sum(ms), "of 200 frames"),
        "warmup_ms": (7.5, ""),
    }
    assert {k: details[k] for k in ("by", "evidence", "cpu", "runs", "note")} == {
        "by": "onnxruntime", "evidence": "host", "cpu": "Z80", "runs": 200, "note": "alone",
    }  # fmt: skip
    assert details["ms"] == ms


def test_of_few_frames_the_slowest_stands_for_the_percentile_and_is_called_that(tmp_path):
    rows, _ = measured(
        timings.measured("depthai", "device", [300.0, 310.0, 390.0], warmup_ms=None), tmp_path
    )
    assert rows["ms_p50"] == (310.0, "of 3 frames")
    assert rows["ms_p95"] == (390.0, "the slowest of 3 frames")
    assert rows["ms_p99"] == (390.0, "the slowest of 3 frames")
    assert rows["warmup_ms"] == (None, "the first frame was not told apart")


def test_of_a_device_it_is_said_which_one(tmp_path):
    made = timings.measured("depthai", "device", [3.0] * 100, warmup_ms=4.0, note="OAK-1 on USB")
    rows, _ = measured(made, tmp_path)
    assert rows["ms_p95"] == (3.0, "of 100 frames; OAK-1 on USB")


def test_of_one_frame(tmp_path):
    rows, _ = measured(timings.measured("depthai", "device", [9.0], warmup_ms=1.0), tmp_path)
    assert rows["ms_p50"] == (9.0, "of one frame")
    assert rows["jitter_ms"] == (None, "one frame has no jitter")


def test_an_estimate_has_neither_spread_nor_jitter_nor_warm_up(tmp_path):
    rows, _ = measured(timings.estimated("roofline", 4.0, note="no bandwidth known"), tmp_path)
    said = "an estimate has no spread; no bandwidth known"
    assert rows == {
        "ms_p50": (4.0, said),
        "ms_p95": (4.0, said),
        "ms_p99": (4.0, said),
        "jitter_ms": (None, said),
        "throughput_fps": (250.0, "no bandwidth known"),
        "warmup_ms": (None, said),
    }


def test_where_not_even_an_estimate_can_be_made_the_reason_is_said(tmp_path):
    rows, _ = measured(timings.unknown("roofline", "the target has no roofline"), tmp_path)
    assert set(rows.values()) == {(None, "the target has no roofline")}
