"""What check/numeric makes of ranges, where no network is needed to see it."""

import json

import stepcall

from edgebuild.formats import measurements
from edgebuild.steps.checks import numeric

ROW = {
    "layer": "conv", "kind": "value", "elements": 100, "max_abs": 1.0, "nan": 0, "inf": 0,
    "overflow": None, "subnormal": None, "min": 0.0, "max": 1.0,
}  # fmt: skip
QUANTISED = {
    "type": "uint8", "low": 0.0, "high": 1.0, "scale": 1 / 255, "zero_point": 0.0, "clipped": 0,
    "clipped_low": 0, "clipped_high": 0, "used": 1.0, "stuck": False,
}  # fmt: skip


def figures(folder, *tensors, **more):
    (folder / "r.json").write_text(json.dumps({"samples": 4, "tensors": tensors, **more}))
    done = stepcall.run(numeric, folder / "step", {"ranges": folder / "r.json"})
    rows, details = measurements.load(done["measurements"])
    assert details == {"samples": 4, "tensors": list(tensors)}
    return {row.metric.removeprefix("numeric."): (row.value, row.detail) for row in rows}


def test_the_worst_tensor_says_how_much_lies_beyond_float16(tmp_path):
    half = {**ROW, "overflow": 0, "subnormal": 0}
    found = figures(
        tmp_path,
        {**half, "name": "w", "layer": "", "kind": "weight", "elements": 10},
        {**half, "name": "a", "overflow": 5, "max_abs": 9e4},
        {**half, "name": "b", "overflow": 40, "max_abs": "inf", "subnormal": 20},
    )
    assert found["fp16_overflow"] == (45, "first in value `a` of `conv`, largest magnitude 90000")
    assert found["fp16_saturation"] == (0.4, "most in value `b` of `conv`, 40.00%")
    assert found["fp16_subnormal"] == (0.1, "most in value `b` of `conv`, 20.00%")


def test_numbers_of_some_samples_say_of_how_many(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    sound, bad = {**ROW, "name": "a"}, {**ROW, "name": "a", "nan": 3}
    assert figures(tmp_path, sound, of=4)["nan_count"] == (0, "")
    assert figures(tmp_path / "a", sound, of=64)["nan_count"] == (0, "4 of 64 samples looked at")
    assert figures(tmp_path / "b", bad, of=64)["nan_count"] == (
        3, "first in value `a` of `conv`, largest magnitude 1; 4 of 64 samples looked at",
    )  # fmt: skip


def test_where_nothing_was_looked_at_nothing_is_said_to_be_sound(tmp_path):
    found = figures(tmp_path)
    reason = "the network has no values that are floats"
    assert found["nan_count"] == found["inf_count"] == (None, reason)
    assert {value for value, _ in found.values()} == {None}


def test_of_tensors_that_all_fit_nothing_is_said(tmp_path):
    found = figures(tmp_path, {**ROW, **QUANTISED, "name": "a"})
    assert found["clip_share"] == (0.0, "")
    assert found["stuck_tensors"] == (0, "")
    assert found["nan_count"] == (0, "")


def test_a_constant_uses_little_of_its_range_and_that_says_nothing(tmp_path):
    constant = {**ROW, **QUANTISED, "name": "zero", "used": 0.0, "stuck": True, "max": 0.0}
    found = figures(tmp_path, constant)
    assert found["range_ratio_min"] == (None, "all that is quantised is constant")
    assert found["stuck_tensors"] == (1, "first value `zero` of `conv`, always 0")
    (tmp_path / "more").mkdir()
    used = {**ROW, **QUANTISED, "name": "a", "used": 0.5}
    found = figures(tmp_path / "more", constant, used)
    assert found["range_ratio_min"] == (
        0.5, "least in value `a` of `conv`, 0..1 seen, 0..1 in uint8",
    )  # fmt: skip
