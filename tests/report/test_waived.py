"""A build's summary counts what is waived, and names waivers that nothing needs."""

from edgebuild.report.waived import lines


def document(label="", waivers=(), model="net", **verdicts):
    return {
        "name": "/".join(filter(None, (model, "board", label))),
        "model": model,
        "target": "board",
        "findings": [
            {"metric": metric.replace("_", ".", 1), "output": "", "verdict": verdict}
            for metric, verdict in verdicts.items()
        ],
        "waivers": [
            {"metric": metric, "reason": "r", "owner": "ana", "expires": day}
            for metric, day in waivers
        ],
    }


def test_nothing_is_said_where_nothing_is_waived():
    assert lines([document(size_bytes="passed")]) == []
    assert lines([]) == []


def test_one_waived_gate_is_named_with_its_last_day():
    one = document(waivers=[("size.bytes", "2026-12-31")], size_bytes="waived")
    assert lines([one]) == ["1 gate waived, until 2026-12-31 (net/board size.bytes)"]


def test_several_are_counted_and_the_next_to_expire_comes_first():
    made = [
        document(
            label, waivers=[("size.bytes", "2026-12-31"), ("parity.sqnr_db", "2026-07-01")],
            size_bytes="waived", parity_sqnr_db="waived",
        )
        for label in ("a", "b")
    ]  # fmt: skip
    assert lines(made) == [
        "4 gates waived, the next until 2026-07-01 (net/board/a parity.sqnr_db, "
        "net/board/b parity.sqnr_db, net/board/a size.bytes and 1 more)"
    ]


def test_each_output_is_a_gate():
    one = document(waivers=[("parity.sqnr_db", "2026-12-31")], parity_sqnr_db="waived")
    one["findings"].append({"metric": "parity.sqnr_db", "output": "mask", "verdict": "waived"})
    assert lines([one]) == [
        "2 gates waived, the next until 2026-12-31 (net/board parity.sqnr_db, net/board parity.sqnr_db [mask])"
    ]


def test_a_waiver_is_idle_if_no_variant_needs_it():
    waivers = [("size.bytes", "2026-12-31")]
    both = [document(x, waivers=waivers, size_bytes="passed") for x in ("a", "b")]
    assert lines(both) == ["1 waiver is not needed (net/board size.bytes)"]
    both[1] = document("b", waivers=waivers, size_bytes="waived")
    assert lines(both) == ["1 gate waived, until 2026-12-31 (net/board/b size.bytes)"]


def test_waivers_of_a_budget_count_as_well():
    budget = document(
        model="", waivers=[("budget.frame_rate_fps", "2026-12-31")], budget_frame_rate_fps="waived"
    )
    budget["name"] = "board/budget"
    del budget["model"]
    assert lines([budget]) == [
        "1 gate waived, until 2026-12-31 (board/budget budget.frame_rate_fps)"
    ]
