"""A gate passes only if it was measured, by acceptable evidence, within its limit."""

import datetime

import pytest

from edgebuild.plan.judge import accepted, judge
from edgebuild.plan.limit_text import limit_text
from edgebuild.step import QUANTILES, Limit, Measurement, Metric, Waiver

METRICS = {
    "parity.sqnr_db": Metric(doc="", unit="dB"),
    "quality.mae": Metric(doc="", better="lower"),
    "contract.mismatches": Metric(doc="", better="lower"),
}
CONTRACT = Measurement(metric="contract.mismatches", value=0, evidence="host")
TODAY = datetime.date(2026, 6, 1)


def verdicts(limits, measurements, **more):
    found = judge(limits, [CONTRACT, *measurements], metrics=METRICS, today=TODAY, **more)
    return [(f.metric, f.verdict, f.detail) for f in found if f.metric != "contract.mismatches"]


def sqnr(value, **more):
    return Measurement(metric="parity.sqnr_db", value=value, evidence="host", **more)


@pytest.mark.parametrize(
    ("limit", "value", "verdict"),
    [
        ({"min": 40}, 40, "passed"),
        ({"min": 40}, 39.99, "failed"),
        ({"max": 40}, 40, "passed"),
        ({"max": 40}, 40.01, "failed"),
        ({"min": 40}, float("inf"), "passed"),
        ({"min": 40}, None, "unproven"),
        ({"min": 40}, float("nan"), "failed"),
        ({"max": 40}, float("nan"), "failed"),
    ],
)
def test_limits(limit, value, verdict):
    found = verdicts([Limit(metric="parity.sqnr_db", **limit)], [sqnr(value)])
    assert [v for _, v, _ in found] == [verdict]


def test_a_value_that_reads_like_its_limit_is_told_apart():
    limit = Limit(metric="parity.sqnr_db", min=0.95)
    assert verdicts([limit], [sqnr(0.94999998)]) == [
        ("parity.sqnr_db", "failed", "below 0.95 by 2e-08 dB")
    ]


def test_nothing_measured_is_unproven_and_says_why():
    limit = Limit(metric="parity.sqnr_db", min=40)
    assert verdicts([limit], [], missing={"parity": "no evaluation data"}) == [
        ("parity.sqnr_db", "unproven", "no evaluation data")
    ]


def test_every_output_must_hold():
    limit = Limit(metric="parity.sqnr_db", min=40)
    found = verdicts([limit], [sqnr(50, output="a"), sqnr(30, output="b")])
    assert [v for _, v, _ in found] == ["passed", "failed"]


def test_evidence_that_is_not_accepted_proves_nothing():
    limit = Limit(metric="parity.sqnr_db", min=40, evidence=("device", "emulated"))
    assert verdicts([limit], [sqnr(50)]) == [
        ("parity.sqnr_db", "unproven", "measured by host, not device or emulated")
    ]


@pytest.mark.parametrize(
    ("metric", "value", "baseline", "verdict"),
    [
        ("parity.sqnr_db", 49.8, 50.0, "passed"),
        ("parity.sqnr_db", 49.0, 50.0, "failed"),
        ("parity.sqnr_db", 60.0, 50.0, "passed"),
        ("quality.mae", 0.2, 0.1, "passed"),
        ("quality.mae", 0.9, 0.1, "failed"),
        ("quality.mae", 0.9, None, "unproven"),
    ],
)
def test_a_drop_is_against_the_source_in_the_direction_of_the_metric(
    metric, value, baseline, verdict
):
    m = Measurement(metric=metric, value=value, baseline=baseline, evidence="host")
    assert [v for _, v, _ in verdicts([Limit(metric=metric, max_drop=0.5)], [m])] == [verdict]


def test_no_drop_where_source_and_artifact_are_infinitely_good():
    m = sqnr(float("inf"), baseline=float("inf"))
    limit = Limit(metric="parity.sqnr_db", max_drop=0.5)
    assert verdicts([limit], [m]) == [("parity.sqnr_db", "passed", "")]


def test_what_applies_to_nothing_is_no_gate_unless_a_manifest_names_it():
    metrics = {"skew.violations": Metric(doc="", better="lower", always=True)}
    nothing = Measurement(
        metric="skew.violations", value=None, evidence="host", detail="no firmware", applies=False
    )
    named = Limit(metric="skew.violations", max=0)
    for limits, told in (([], []), ([named], [("skew.violations", "unproven", "no firmware")])):
        found = judge(limits, [CONTRACT, nothing], metrics=metrics, checks=["skew"], today=TODAY)
        assert [(f.metric, f.verdict, f.detail) for f in found[1:]] == told
        assert accepted(found) == (not told)


@pytest.mark.parametrize("limit", [{"min": 0}, {"max": 3}, {"max_drop": 1}])
def test_a_manifest_does_not_loosen_what_must_be_zero_everywhere(limit):
    broken = Measurement(metric="contract.mismatches", value=2, evidence="host", baseline=2)
    found = judge(
        [Limit(metric="contract.mismatches", **limit)], [broken], metrics=METRICS, today=TODAY
    )
    assert next((f.verdict, f.limit) for f in found) == ("failed", "<= 0")
    assert not accepted(found)


def test_a_gate_of_the_manifests_own_that_asks_as_much_is_told_once():
    limit = Limit(metric="contract.mismatches", max=0, evidence=("host",))
    found = judge([limit], [CONTRACT], metrics=METRICS, today=TODAY)
    assert [(f.verdict, f.limit) for f in found] == [("passed", "<= 0, by host")]


@pytest.mark.parametrize(
    ("limit", "value", "drawn"),
    [
        ({"min": 1, "max": 9}, 2, (1, "min")),
        ({"min": 1, "max": 9}, 8, (9, "max")),
        ({"min": 1, "max": 9}, 12, (9, "max")),
        ({"min": 1, "max": 9}, None, (1, "min")),
        ({"max": 9}, 3, (9, "max")),
        ({"max_drop": 9}, 3, (None, "")),
        ({"min": 1, "max_drop": 1}, 49.5, (1, "min")),
        ({"min": 1, "max_drop": 1}, 3, (None, "")),
        ({"min": 4, "max_drop": 1}, 3, (4, "min")),
    ],
)
def test_a_gate_is_drawn_against_the_bound_that_decides(limit, value, drawn):
    limit = Limit(metric="parity.sqnr_db", **limit)
    found = judge([limit], [CONTRACT, sqnr(value, baseline=50)], metrics=METRICS, today=TODAY)
    assert (found[1].bound, found[1].side) == drawn


def test_the_contract_is_a_gate_that_no_manifest_need_name():
    broken = Measurement(metric="contract.mismatches", value=1, evidence="host")
    assert not accepted(judge([], [broken], metrics=METRICS, today=TODAY))
    assert not accepted(judge([], [], metrics=METRICS, today=TODAY))
    assert accepted(judge([], [CONTRACT], metrics=METRICS, today=TODAY))


@pytest.mark.parametrize(
    ("expires", "verdict", "detail"),
    [
        ("2026-06-01", "waived", "waived by ana until 2026-06-01: a known bug"),
        ("2026-05-31", "failed", "the waiver of ana expired on 2026-05-31"),
    ],
)
def test_a_waiver_holds_through_its_last_day(expires, verdict, detail):
    waiver = Waiver(metric="parity.sqnr_db", reason="a known bug", owner="ana", expires=expires)
    limit = Limit(metric="parity.sqnr_db", min=40)
    found = verdicts([limit], [sqnr(30)], waivers=[waiver])
    assert found == [("parity.sqnr_db", verdict, f"below 40; {detail}")]


def test_an_unproven_gate_can_be_waived_and_is_failed_when_the_waiver_has_expired():
    limit = Limit(metric="parity.sqnr_db", min=40)
    for expires, verdict in (("2026-06-01", "waived"), ("2026-05-31", "failed")):
        waiver = Waiver(metric="parity.sqnr_db", reason="r", owner="ana", expires=expires)
        ((_, found, detail),) = verdicts(
            [limit], [sqnr(None, detail="no device")], waivers=[waiver]
        )
        assert found == verdict
        assert detail.startswith("no device; ")


def test_gates_that_hold_wherever_they_are_planned_can_be_waived_too():
    metrics = {"security.findings": Metric(doc="", better="lower", always=True)}
    waiver = Waiver(metric="security.findings", reason="r", owner="ana", expires="2026-06-01")
    found = judge(
        [],
        [CONTRACT, Measurement(metric="security.findings", value=2, evidence="host", detail="a; b")],
        metrics=metrics, waivers=[waiver], checks=["security"], today=TODAY,
    )  # fmt: skip
    assert [(f.metric, f.verdict, f.detail) for f in found[1:]] == [
        ("security.findings", "waived", "above 0; a; b; waived by ana until 2026-06-01: r")
    ]
    assert accepted(found)


def test_a_waiver_of_another_metric_waives_nothing():
    waiver = Waiver(metric="quality.mae", reason="r", owner="ana", expires="2027-01-01")
    limit = Limit(metric="parity.sqnr_db", min=40)
    assert [v for _, v, _ in verdicts([limit], [sqnr(30)], waivers=[waiver])] == ["failed"]


def test_a_waiver_does_not_hide_that_a_gate_holds():
    waiver = Waiver(metric="parity.sqnr_db", reason="known", owner="ana", expires="2027-01-01")
    found = verdicts([Limit(metric="parity.sqnr_db", min=40)], [sqnr(50)], waivers=[waiver])
    assert found == [("parity.sqnr_db", "passed", "")]


def test_limits_read_as_people_write_them():
    limit = Limit(metric="x", min=1, max=2.5, max_drop=0.1, confidence=0.95, evidence=("device",))
    assert limit_text(limit) == ">= 1, <= 2.5, drop <= 0.1, 95 % sure, by device"


def test_limits_say_the_metrics_parameters():
    limit = Limit(metric="x", min=0.9, params={"alpha": 0.3, "beta": 0.7})
    assert limit_text(limit) == ">= 0.9, alpha 0.3, beta 0.7"


def resampled(*, lowest, highest):
    """A figure whose resamples are even between two ends."""
    found = tuple(lowest + (highest - lowest) * share for share in QUANTILES)
    return sqnr(
        (lowest + highest) / 2, baseline=50, interval=(found[4], found[-5]), quantiles=found,
        drop_quantiles=tuple(sorted(50 - value for value in found)), detail="64 samples",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"min": 30}, ">= 30 in all of resamples"),
        ({"min": 40.2}, ">= 40.2 in at least 97.5 % of resamples"),
        ({"min": 44.9}, ">= 44.9 in at least 50 % of resamples"),
        ({"max": 51}, "<= 51 in all of resamples"),
        ({"max": 45.1}, "<= 45.1 in at least 50 % of resamples"),
        ({"max_drop": 8}, "drop <= 8 in at least 80 % of resamples"),
        (
            {"min": 40, "max_drop": 5},
            ">= 40 in all of resamples, drop <= 5 in at least 50 % of resamples",
        ),
    ],
)
def test_a_gate_says_how_sure_it_is(limit, said):
    limit = Limit(metric="parity.sqnr_db", **limit)
    found = verdicts([limit], [resampled(lowest=40, highest=50)])
    assert found == [
        ("parity.sqnr_db", "passed", f"95 % interval 40.25..49.75, {said}; 64 samples")
    ]


def test_how_sure_it_is_changes_no_verdict():
    limit = Limit(metric="parity.sqnr_db", min=45.1)
    assert verdicts([limit], [resampled(lowest=40, highest=50)]) == [
        (
            "parity.sqnr_db", "failed",
            "below 45.1; 95 % interval 40.25..49.75, >= 45.1 in at least 40 % of resamples; 64 samples",
        )
    ]  # fmt: skip
    limit = Limit(metric="parity.sqnr_db", min=60)
    ((_, verdict, said),) = verdicts([limit], [resampled(lowest=40, highest=50)])
    assert (verdict, ">= 60 in none of resamples" in said) == ("failed", True)


@pytest.mark.parametrize(
    ("limit", "verdict", "said"),
    [
        ({"min": 40.25, "confidence": 0.95}, "passed", ""),
        (
            {"min": 40.3, "confidence": 0.95}, "unproven",
            ">= 40.3 is not 95 % sure: the interval is 40.25..49.75; ",
        ),
        ({"min": 40.3, "confidence": 0.9}, "passed", ""),
        # No quantile is recorded at 3.5 %: the next one further out counts.
        (
            {"min": 40.3, "confidence": 0.93}, "unproven",
            ">= 40.3 is not 93 % sure: the interval is 40.25..49.75; ",
        ),
        ({"min": 40.01, "confidence": 0.998}, "passed", ""),
        ({"max": 49.75, "confidence": 0.95}, "passed", ""),
        (
            {"max": 49.7, "confidence": 0.95}, "unproven",
            "<= 49.7 is not 95 % sure: the interval is 40.25..49.75; ",
        ),
        ({"max_drop": 9.75, "confidence": 0.95}, "passed", ""),
        (
            {"min": 40, "max_drop": 9.7, "confidence": 0.95}, "unproven",
            "drop <= 9.7 is not 95 % sure: the interval is 0.25..9.75; ",
        ),
        ({"min": 45.1, "confidence": 0.6}, "failed", "below 45.1; "),
    ],
)  # fmt: skip
def test_a_gate_with_confidence_holds_for_the_whole_interval(limit, verdict, said):
    limit = Limit(metric="parity.sqnr_db", **limit)
    ((_, found, detail),) = verdicts([limit], [resampled(lowest=40, highest=50)])
    assert found == verdict
    assert detail.startswith(said + "95 % interval 40.25..49.75, ")


@pytest.mark.parametrize("limit", [{"min": 1}, {"max": 99}, {"max_drop": 9}])
def test_what_has_no_interval_is_not_proven_where_confidence_is_asked_for(limit):
    limit = Limit(metric="parity.sqnr_db", confidence=0.95, **limit)
    assert verdicts([limit], [sqnr(50, baseline=50)]) == [
        (
            "parity.sqnr_db", "unproven",
            "nothing says how sure it is, and 95 % are asked for",
        )
    ]  # fmt: skip


@pytest.mark.parametrize("order", [1, -1])
def test_a_renewed_waiver_counts_in_whatever_order(order):
    both = [
        Waiver(metric="parity.sqnr_db", reason="r", owner="ana", expires=day)
        for day in ("2026-01-01", "2026-12-31")
    ]
    limit = Limit(metric="parity.sqnr_db", min=40)
    found = verdicts([limit], [sqnr(30)], waivers=both[::order])
    assert [v for _, v, _ in found] == ["waived"]
