"""A target's budget: what counts, what it comes to, and what is unproven."""

import datetime
import math
from dataclasses import replace

import pytest
from fakekinds import kinds
from fakeproject import matrix, model, project
from hypothesis import given
from hypothesis import strategies as st

from edgebuild.manifest import budget as manifest
from edgebuild.manifest.model import Budget, ModelTarget, Target
from edgebuild.plan.budget import judge_budget
from edgebuild.plan.expand import expand
from edgebuild.plan.graph import Variant
from edgebuild.step import Contract, Limit, Measurement, Waiver

TODAY = datetime.date(2026, 6, 1)
FPS = Limit(metric="budget.frame_rate_fps", min=30)
WEIGHTS = Limit(metric="budget.weight_memory_mb", max=6)


def variant(model, label="", **more):
    return Variant(
        model=model, target="cam", label=label, backend="b", contract=Contract(inputs={}, outputs={}),
        ports={}, artifact=(), checks={}, limits=(), waivers=(), **more,
    )  # fmt: skip


def rows(value, metric="latency.ms_p95", evidence="estimated", detail=""):
    return [Measurement(metric=metric, value=value, evidence=evidence, detail=detail)]


def judged(limit, there, measured, **more):
    (line,) = judge_budget(Budget(limits=(limit,), **more), there, measured, TODAY)
    return line


def test_frames_a_second_of_models_one_after_the_other():
    variants = [variant("seg"), variant("gaze"), variant("det")]
    times = {"seg/cam": rows(20), "gaze/cam": rows(4), "det/cam": rows(26)}
    line = judged(FPS, variants, times)
    assert (line.finding.value, line.finding.verdict, line.finding.unit) == (20, "failed", "fps")
    assert line.finding.limit == ">= 30"
    assert line.finding.detail == (
        "below 30; at least 50 ms of the 33.33 ms that a frame has: det 26 ms, seg 20 ms, gaze 4 ms"
    )
    assert judged(FPS, variants[:2], times).finding.verdict == "passed"


def test_memory_is_added_up_and_the_largest_are_named():
    variants = [variant(f"m{i}") for i in range(5)]
    sizes = {f"m{i}/cam": rows(i * 1e6, "cost.weight_bytes", "host") for i in range(5)}
    line = judged(WEIGHTS, variants, sizes)
    assert (line.finding.value, line.finding.verdict, line.finding.evidence) == (
        10,
        "failed",
        "host",
    )
    assert line.finding.detail == "above 6; m4 4 MB, m3 3 MB, m2 2 MB, 2 more 1 MB"
    assert [part.value for part in line.parts] == [0, 1, 2, 3, 4]


def test_evidence_is_the_weakest_of_what_counts():
    variants = [variant("a"), variant("b"), variant("c", "fast"), variant("c", "slow")]
    times = {
        "a/cam": rows(1, evidence="device"), "b/cam": rows(1, evidence="emulated"),
        "c/cam/fast": rows(1, evidence="estimated"), "c/cam/slow": rows(2, evidence="device"),
    }  # fmt: skip
    assert judged(FPS, variants, times).finding.evidence == "emulated"
    assert judged(FPS, variants, times, variants={"c": "fast"}).finding.evidence == "estimated"


def test_of_several_variants_the_largest_counts_unless_one_is_named():
    variants = [variant("seg", "shaves-1"), variant("seg", "shaves-2"), variant("det")]
    times = {"seg/cam/shaves-1": rows(40), "seg/cam/shaves-2": rows(20), "det/cam": rows(10)}
    line = judged(FPS, variants, times)
    assert line.finding.value == 20
    assert "seg (shaves-1, the largest of 2 variants) 40 ms" in line.finding.detail
    named = judged(FPS, variants, times, variants={"seg": "shaves-2"})
    assert (named.finding.verdict, named.finding.detail) == (
        "passed",
        "at least 30 ms of the 33.33 ms that a frame has: seg (shaves-2) 20 ms, det 10 ms; an estimate is"
        " a lower bound of the time: it could refuse, it proves nothing",
    )
    assert [part.counts for part in named.parts] == [False, True, True]
    timed = {name: [replace(r, evidence="device") for r in found] for name, found in times.items()}
    assert judged(FPS, variants, timed, variants={"seg": "shaves-2"}).finding.detail == (
        "30 ms of the 33.33 ms that a frame has: seg (shaves-2) 20 ms, det 10 ms"
    )
    without = judged(FPS, variants, times, variants={"seg": "none"})
    assert without.finding.value == 100


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([], "no check measured it"),
        (rows(None, detail="no roofline"), "no roofline"),
        (rows(None), "it was not measured"),
    ],
)
def test_what_was_not_measured_makes_the_line_unproven(found, reason):
    variants = [variant("a"), variant("b", "x"), variant("b", "y")]
    measured = {"a/cam": rows(1), "b/cam/x": rows(500), "b/cam/y": found}
    line = judged(FPS, variants, measured)
    assert (line.finding.verdict, line.finding.value) == ("unproven", None)
    assert line.finding.detail == f"`latency.ms_p95` of b (y) is not known: {reason}"
    assert judged(FPS, variants, measured, variants={"b": "x"}).finding.verdict == "failed"


def test_a_check_that_could_not_be_planned_says_why():
    line = judged(FPS, [variant("a", missing={"latency": "nothing makes `timings`"})], {})
    assert line.finding.detail == "`latency.ms_p95` of a is not known: nothing makes `timings`"


def test_nothing_that_runs_shows_nothing():
    line = judged(FPS, [variant("a")], {"a/cam": rows(1)}, variants={"a": "none"})
    assert (line.finding.verdict, line.finding.detail) == ("unproven", "no model runs on it")


def test_a_waiver_holds_until_its_day():
    measured = {"a/cam": rows(50)}
    waiver = Waiver(metric=FPS.metric, reason="new chip", owner="ada", expires="2026-06-01")
    held = judged(FPS, [variant("a")], measured, waivers=(waiver,)).finding
    assert held.verdict == "waived"
    assert held.detail.endswith("; waived by ada until 2026-06-01: new chip")
    late = Waiver(metric=FPS.metric, reason="new chip", owner="ada", expires="2026-05-31")
    assert judged(FPS, [variant("a")], measured, waivers=(late,)).finding.verdict == "failed"


@given(st.lists(st.lists(st.floats(0.01, 100), min_size=1, max_size=4), min_size=1, max_size=5))
def test_a_budget_holds_exactly_if_every_choice_of_variants_would(models):
    """Nothing is said of a choice that nobody made unless it holds for all of them."""
    variants, times = [], {}
    for i, values in enumerate(models):
        for j, value in enumerate(values):
            one = variant(f"m{i}", f"v-{j}")
            variants.append(one)
            times[one.name] = rows(value)
    worst = math.fsum(max(values) for values in models)
    line = judged(Limit(metric=FPS.metric, min=10), variants, times)
    if abs(worst - 100) > 1e-6:
        assert (line.finding.verdict == "passed") == (worst < 100)
    assert sum(part.counts for part in line.parts) == len(models)


@pytest.mark.parametrize("backends", [("upper",), ("upper", "reverse")])
def test_labels_are_those_of_the_plan(tmp_path, backends):
    """`expand` makes them; manifests only have to know them."""
    board = Target(name="board", description="a board", device={"soc": "z80"}, backends=backends)
    use = ModelTarget(target="board", matrix=matrix(times=[1, 2], word={"a": (), "b": ()}))
    for one in (use, ModelTarget(target="board")):
        net = model(targets={"board": one})
        graph = expand(project(tmp_path, net, targets=(board,)), "board", kinds())
        assert manifest.labels(one, board) == tuple(v.label for v in graph.variants)
