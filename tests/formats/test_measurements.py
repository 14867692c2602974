"""Measurements survive their file; what is no number is not measured."""

import json
import math

from edgebuild.formats import measurements
from edgebuild.step import QUANTILES, Measurement


def test_infinities_come_back_and_nan_is_not_measured(tmp_path):
    ends = (-math.inf, math.inf)
    rows = [
        Measurement(metric="a", value=math.inf, evidence="host", baseline=-math.inf, interval=ends),
        Measurement(metric="b", value=math.nan, evidence="device", baseline=math.nan, detail=""),
        Measurement(metric="c", value=1.0, evidence="host", interval=(0.5, math.nan),
                    quantiles=(math.nan,) * len(QUANTILES), drop_quantiles=(0.0,) * len(QUANTILES)),
    ]  # fmt: skip
    measurements.save(tmp_path / "m.json", rows, {"layers": [math.nan, {"db": -math.inf}]})
    json.loads((tmp_path / "m.json").read_text(), parse_constant=lambda name: 1 / 0)
    (a, b, c), details = measurements.load(tmp_path / "m.json")
    assert a == rows[0]
    assert (b.value, b.baseline, b.detail) == (None, None, "not a number")
    assert (c.interval, c.quantiles, c.drop_quantiles) == (None, (), rows[2].drop_quantiles)
    assert details == {"layers": [None, {"db": "-inf"}]}
