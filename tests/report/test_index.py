"""artifacts/index.html has everything that was built, what was refused, and how it went."""

from fakereport import variant
from htmlpage import Page

from edgebuild.report import index
from edgebuild.report.trend import remembered

REFUSED = [("net", "small-board", "GRU is not supported")]


def reports(**accepted):
    return {
        f"board-50/head-body/{label}/report.html": variant(label, accepted=good)
        for label, good in accepted.items()
    }


def test_every_report_is_linked_with_its_verdict_and_counts():
    found = Page(index.page(reports(int8=True, fp16=False), REFUSED))
    assert found.links == [f"board-50/head-body/{label}/report.html" for label in ("fp16", "int8")]
    for text in (
        "1 rejected", "2 artifacts of 2 models for 2 targets, 2 with a waived gate, 1 refused by a compiler",
        "GRU is not supported", "421.38 kB, map50 0.947, waived", "quality.map50, latency.ms_p50",
    ):  # fmt: skip
        assert text in found.text, text
    good = Page(index.page(reports(int8=True)))
    assert "All accepted" in good.text
    assert "Nothing is built" in Page(index.page({})).text


def test_the_trend_has_a_row_for_each_variant_that_is_there():
    known = reports(int8=True)
    (document,) = known.values()
    line = remembered(document, "2026-06-01")
    before = {
        **line,
        "day": "2026-05-30",
        "size_bytes": 500_000,
        "accepted": False,
        "latency_ms": None,
    }
    history = {line["name"]: [before, line], "gone/board-50": [line]}
    found = Page(index.page(known, (), history))
    assert "gone/board-50" not in found.text
    trend = found.text[found.text.index("Trend") :]
    assert "421.38 kB −16 %" in trend
    assert "2026-06-01" in trend
    guessed = Page(
        index.page(known, (), {line["name"]: [{**line, "latency_evidence": "estimated"}]})
    )
    assert " ms, estimated" in guessed.text
    measured = Page(index.page(known, (), {line["name"]: [{**line, "latency_evidence": "device"}]}))
    assert "estimated" not in measured.text[measured.text.index("Trend") :]
    assert "Trend" not in Page(index.page(known)).text


def test_a_report_that_does_not_say_who_wrote_it_is_remembered_all_the_same():
    document = variant("int8")
    del document["about"]
    assert remembered(document, "2026-06-01")["edgebuild"] == ""


def test_lines_of_history_that_are_odd_are_drawn_as_far_as_they_go():
    known = reports(int8=True)
    (document,) = known.values()
    odd = {
        "name": document["name"],
        "size_bytes": "many",
        "quality": None,
        "metric": 7,
        "day": ["x"],
    }
    text = Page(index.page(known, (), {document["name"]: [odd]})).text
    assert "Trend" in text


def test_a_budget_is_linked_where_its_target_is():
    page = Page(
        index.page(reports(int8=True), (), None, {"board-50": ("board-50/budget.html", False)})
    )
    assert page.links[0] == "board-50/budget.html"


def test_the_script_is_the_only_one_that_may_run():
    text = index.page(reports(int8=True))
    assert text.count("<script>") == 1
    assert "script-src 'sha256-" in text
