"""What changed between two sides of reports, and which of it makes a gate worse."""

import copy
import json

import pytest

from edgebuild.report.difference import difference
from edgebuild.step import Metric

METRICS = {
    "size.bytes": Metric(doc="", unit="bytes", better="lower"),
    "parity.sqnr_db": Metric(doc="", unit="dB"),
    "parity.max_abs": Metric(doc="", better="lower"),
    "quality.miou": Metric(doc=""),
    "latency.ms_p95": Metric(doc="", unit="ms", better="lower"),
    "latency.throughput_fps": Metric(doc="", unit="fps"),
}
TENSOR = {
    "name": "x", "shape": [1, 3], "dtype": "float32", "layout": "other", "color": "RGB", "mean": [],
    "scale": [], "unit": "",
}  # fmt: skip
CONTRACT = {"inputs": [TENSOR], "outputs": [{**TENSOR, "name": "y", "color": "none"}]}


def measurement(metric, value, output="", evidence="host", **more):
    return {"metric": metric, "value": value, "output": output, "evidence": evidence, **more}


def finding(metric, verdict="passed", limit="<= 1", output="", **more):
    return {"metric": metric, "verdict": verdict, "limit": limit, "output": output, **more}


def report(name="net/board", *, figures=(), findings=(), version="1.0.0", **about):
    return {
        "name": name,
        "backend": "upper",
        "accepted": True,
        "findings": list(findings),
        "measurements": list(figures),
        "files": [{"name": "model.upper", "sha256": "a", "size_bytes": 1}],
        "contract": copy.deepcopy(CONTRACT),
        "details": {"contract": {"expected": copy.deepcopy(CONTRACT)}},
        "about": {
            "edgebuild": "0.1.0",
            "model": {"version": version, "license": "MIT"},
            "target": {"device": {"soc": "z80"}},
            "tools": {"onnx": {"onnx": "1.23.2"}},
            **about,
        },
    }


def compare(old, new):
    return difference({old["name"]: old}, {new["name"]: new}, METRICS)


def told(found):
    return [(c.direction, c.area, c.what, c.before, c.after, c.gate) for c in found.changes]


def test_two_equal_sides():
    one = report(figures=[measurement("size.bytes", 5)], findings=[finding("size.bytes")])
    found = compare(one, copy.deepcopy(one))
    assert found.changes == ()
    assert (found.equal, found.noise, found.same_bytes, found.gates_worse) == (1, 0, 1, 0)


# ------------------------------------------------------------------------------ gates


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("passed", "failed", "worse"),
        ("passed", "unproven", "worse"),
        ("passed", "waived", "worse"),
        ("waived", "failed", "worse"),
        ("failed", "passed", "better"),
        ("unproven", "waived", "better"),
        ("failed", "unproven", "changed"),
    ],
)
def test_a_verdict(before, after, direction):
    found = compare(
        report(findings=[finding("size.bytes", before)]),
        report(findings=[finding("size.bytes", after, detail="above 1")]),
    )
    worse = direction == "worse"
    assert told(found) == [(direction, "gate", "size.bytes", before, after, worse)]
    assert found.changes[0].note == ("above 1" if worse else "")
    assert found.gates_worse == worse


def test_a_gate_that_is_gone_got_worse():
    found = compare(report(findings=[finding("size.bytes", limit="<= 2 MB")]), report())
    assert told(found) == [("worse", "gate", "size.bytes", "passed", "no gate", True)]
    assert found.changes[0].note == "it was <= 2 MB"


@pytest.mark.parametrize(("verdict", "direction"), [("passed", "changed"), ("failed", "worse")])
def test_a_new_gate(verdict, direction):
    found = compare(report(), report(findings=[finding("size.bytes", verdict)]))
    assert told(found) == [
        (direction, "gate", "size.bytes", "no gate", verdict, direction == "worse")
    ]


def test_of_two_gates_on_one_figure_the_worse_counts():
    both = [
        finding("contract.mismatches", v, x) for v, x in (("failed", "<= 0"), ("passed", "<= 3"))
    ]
    holds = [finding("contract.mismatches", "passed", "<= 0")]
    for order in (1, -1):
        assert compare(report(findings=holds), report(findings=both[::order])).gates_worse == 1


def test_another_limit_is_told():
    found = compare(
        report(findings=[finding("size.bytes", limit="<= 1 MB")]),
        report(findings=[finding("size.bytes", limit="<= 2 MB")]),
    )
    assert told(found) == [("changed", "gate", "size.bytes", "<= 1 MB", "<= 2 MB", False)]


def test_each_output_is_a_gate():
    old = [finding("parity.sqnr_db", output=o) for o in "ab"]
    new = [finding("parity.sqnr_db", output="a"), finding("parity.sqnr_db", "failed", output="b")]
    found = compare(report(findings=old), report(findings=new))
    assert told(found) == [("worse", "gate", "parity.sqnr_db [b]", "passed", "failed", True)]


def test_a_gate_that_could_not_be_measured_is_one_change_and_not_one_an_output():
    old = [finding("parity.sqnr_db", output=o) for o in "ab"]
    found = compare(report(findings=old), report(findings=[finding("parity.sqnr_db", "unproven")]))
    assert told(found) == [("worse", "gate", "parity.sqnr_db", "passed", "unproven", True)]


# ---------------------------------------------------------------------------- figures


def figure(before, after, metric="size.bytes", cpu=("a", "a"), **more):
    sides = []
    for value, clock in zip((before, after), cpu, strict=True):
        given = {key: pair[len(sides)] for key, pair in more.items()}
        one = report(figures=[measurement(metric, value, **given)])
        one["details"]["latency"] = {"cpu": clock}
        sides.append(one)
    return compare(*sides)


def test_figures_are_judged_by_the_direction_of_their_metric():
    assert told(figure(10, 11)) == [("worse", "size", "size.bytes", 10, 11, False)]
    assert told(figure(11, 10)) == [("better", "size", "size.bytes", 11, 10, False)]
    assert told(figure(0.8, 0.9, "quality.miou"))[0][0] == "better"
    assert told(figure(0.9, 0.8, "quality.miou"))[0][0] == "worse"
    assert told(figure(1, 2, "mine.figure"))[0][0] == "changed"


@pytest.mark.parametrize(
    ("metric", "before", "after", "noise"),
    [
        ("size.bytes", 1_000_000, 1_000_001, False),
        ("parity.sqnr_db", 50.0, 50.4, True),
        ("parity.sqnr_db", 50.0, 50.6, False),
        ("parity.sqnr_db", 50.0, "inf", False),
        ("parity.max_abs", 0.100, 0.104, True),
        ("parity.max_abs", 0.100, 0.110, False),
        ("quality.miou", 0.9, 0.9005, True),
        ("quality.miou", 0.9, 0.902, False),
    ],
)
def test_what_is_counted_is_exact_and_the_rest_has_a_tolerance(metric, before, after, noise):
    found = figure(before, after, metric)
    assert (found.noise, len(found.changes)) == ((1, 0) if noise else (0, 1))


def test_a_change_inside_of_both_intervals_is_noise():
    inside = figure(0.90, 0.88, "quality.miou", interval=([0.85, 0.95], [0.83, 0.93]))
    assert (inside.noise, inside.changes) == (1, ())
    one_sided = figure(0.90, 0.88, "quality.miou", interval=([0.85, 0.95], [0.87, 0.89]))
    assert told(one_sided)[0][0] == "worse"


def times(p50, p95, jitter):
    return [
        measurement("latency.ms_p50", p50),
        measurement("latency.ms_p95", p95),
        measurement("latency.jitter_ms", jitter),
        measurement("latency.throughput_fps", 1000 / p50),
    ]


def test_times_differ_by_more_than_the_frames_of_a_build_do():
    calm = compare(report(figures=times(10, 12, 2)), report(figures=times(11, 13, 2)))
    assert (calm.noise, calm.equal, calm.changes) == (3, 1, ())
    slow = compare(report(figures=times(10, 12, 2)), report(figures=times(20, 22, 2)))
    assert [c.what for c in slow.changes if c.direction == "worse"] == [
        "latency.ms_p95",
        "latency.throughput_fps",
    ]


def test_times_of_another_machine_or_evidence_are_not_compared():
    found = figure(10, 99, "latency.ms_p95", cpu=("a", "b"))
    assert (told(found)[0][0], found.changes[0].note) == (
        "changed",
        "on another CPU: not comparable",
    )
    found = figure(10, 99, "latency.ms_p95", evidence=("device", "estimated"))
    assert (told(found)[0][0], found.changes[0].note) == (
        "changed",
        "device -> estimated: not comparable",
    )


def evaluated(digest, miou=0.9, params=None):
    made = report(figures=[measurement("quality.miou", miou), measurement("size.bytes", miou)])
    made["details"]["quality"] = {"metrics": {"miou": {"params": params or {}}}}
    stage = {"step": "net/evaluation", "outputs": {"dataset": {"sha256": digest}}}
    return {**made, "pipeline": [stage]}


def test_figures_of_other_evaluation_data_are_not_compared():
    """Harder samples make no model worse; what has nothing to do with samples is compared all the same."""
    found = compare(evaluated("a" * 64), evaluated("b" * 64, 0.8))
    assert [(c.what, c.direction, c.note) for c in found.changes] == [
        ("size.bytes", "better", ""),
        ("quality.miou", "changed", "on other evaluation data: not comparable"),
        ("evaluation data", "changed", ""),
    ]
    (change,) = (c for c in found.changes if c.area == "manifest")
    assert (change.before, change.after) == ("aaaaaaaaaaaa", "bbbbbbbbbbbb")
    same = compare(evaluated("a" * 64), evaluated("a" * 64, 0.8))
    assert ("quality.miou", "worse") in [(c.what, c.direction) for c in same.changes]


def test_figures_with_other_parameters_are_not_compared():
    found = compare(evaluated("a" * 64, params={"k": 1}), evaluated("a" * 64, 0.8, {"k": 2}))
    assert ("quality.miou", "changed", "with other parameters: not comparable") in [
        (c.what, c.direction, c.note) for c in found.changes
    ]


def test_what_is_not_measured_any_more_is_worse():
    assert told(figure(10, None))[0][0] == "worse"
    assert told(figure(None, 10))[0][0] == "changed"
    assert figure(None, None).changes == ()
    gone = compare(report(figures=[measurement("size.bytes", 1)]), report())
    assert (told(gone)[0][0], gone.changes[0].note) == ("changed", "not looked at any more")


# --------------------------------------------------------------------------- contract


def broken(version="1.0.0", name="net/board"):
    made = report(name, version=version)
    made["details"]["contract"]["expected"]["inputs"][0]["color"] = "BGR"
    return made


def test_a_broken_contract_is_a_gate_unless_the_version_says_so():
    found = compare(report(), broken("1.1.0"))
    assert told(found)[0] == ("worse", "contract", "input `x` colour order", "RGB", "BGR", True)
    assert found.changes[0].note == "breaking, version 2.0.0 would announce it"
    found = compare(report(), broken("2.0.0"))
    assert told(found)[0][0] == "changed"
    assert found.changes[0].note == "breaking, announced by version 2.0.0"
    assert found.gates_worse == 0


def test_two_variants_of_one_build_promised_nothing_of_each_other():
    found = compare(report(), broken(name="net/board/other"))
    assert found.compared == ("net/board -> net/board/other",)
    assert found.gates_worse == 0
    assert told(found)[0][0] == "changed"


def test_a_compatible_change_is_told():
    more = report()
    more["details"]["contract"]["expected"]["outputs"].append({**TENSOR, "name": "z"})
    found = compare(report(), more)
    assert told(found) == [("changed", "contract", "output `z` is new", "", "", False)]
    assert found.changes[0].note == "compatible, version 1.1.0 would announce it"


def test_reports_that_tell_no_contract_or_version_are_compared_in_the_rest():
    bare = report()
    for key in ("about", "details", "contract", "measurements"):
        del bare[key]
    found = compare(bare, copy.deepcopy(bare))
    assert found.changes == ()


# ----------------------------------------------------------------------- surroundings


def test_tools_and_manifests():
    new = report(edgebuild="0.2.0", tools={"onnx": {"onnx": "1.24.0"}, "qnn": {"qnn": "2.51"}})
    new["about"]["target"]["device"]["soc"] = "z81"
    new["details"]["skew"] = {"firmware": {"qnn": "<=2.51"}}
    assert told(compare(report(), new)) == [
        ("changed", "toolchain", "edgebuild", "0.1.0", "0.2.0", False),
        ("changed", "toolchain", "onnx (in onnx)", "1.23.2", "1.24.0", False),
        ("changed", "toolchain", "qnn (in qnn)", "", "2.51", False),
        ("changed", "manifest", "device soc", "z80", "z81", False),
        ("changed", "manifest", "firmware qnn", "", "<=2.51", False),
    ]


def test_what_all_variants_share_is_told_once():
    def side(version):
        made = [report(f"net/{x}", edgebuild=version) for x in "ab"]
        return {one["name"]: one for one in made}

    found = difference(side("0.1.0"), side("0.2.0"), METRICS)
    assert [(c.variant, c.what) for c in found.changes] == [("2 variants", "edgebuild")]


# ------------------------------------------------------------------------------- sides


def test_variants_of_one_side_only():
    both = {name: report(name) for name in ("a", "b")}
    found = difference(both, {"b": report("b"), "c": report("c")}, METRICS)
    assert (found.compared, found.only_before, found.only_after) == (("b",), ("a",), ("c",))


def test_the_worst_comes_first():
    old = report(
        figures=[measurement("size.bytes", 1), measurement("quality.miou", 0.5)],
        findings=[finding("size.bytes")],
    )
    new = report(
        figures=[measurement("size.bytes", 2), measurement("quality.miou", 0.9)],
        findings=[finding("size.bytes", "failed")],
        edgebuild="0.2.0",
    )
    assert [(c.direction, c.area) for c in compare(old, new).changes] == [
        ("worse", "gate"),
        ("worse", "size"),
        ("better", "quality"),
        ("changed", "toolchain"),
    ]


def test_as_json_it_holds_everything_and_infinities_too():
    found = figure(50.0, float("inf"), "parity.sqnr_db")
    made = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert made["schema"] == "edgebuild-difference/1"
    assert made["gates_worse"] == 0
    assert made["changes"][0]["after"] == "inf"
    assert made["compared"] == ["net/board"]
