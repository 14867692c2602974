"""Figures of a frame's cost, shares by engine and the estimate: from costs that are written by hand."""

import dataclasses

import pytest
import stepcall

from edgebuild.formats import costs, measurements, placement, timings
from edgebuild.formats.costs import Costs, Layer
from edgebuild.formats.placement import Stage
from edgebuild.steps.checks import cost
from edgebuild.steps.checks import placement as check_placement
from edgebuild.steps.probes import estimate


def layer(name, macs, engine="", ms=None, **more):
    return Layer(
        **{
            "name": name, "op": "Conv", "output": name, "nodes": (name,), "macs": macs,
            "other_ops": 1, "params": 10, "weight_bytes": 20, "input_bytes": 30,
            "output_bytes": 50, "precision": "fp16", "engine": engine, "ms": ms, **more,
        }
    )  # fmt: skip


FOUND = Costs(
    layers=(layer("a", 600, "NCE", 0.5), layer("b", 300, "SHAVE", 1.5), layer("c", 100, "", 0.5)),
    params=30,
    weight_bytes=60,
    peak_activation_bytes=80,
    traffic={"input": 30, "weights": 60, "activations": 160, "output": 50},
    roofline={"precision": "fp16", "peak_gops": 1, "bandwidth_gb_s": 1, "source": "a test"},
)


def measured(module, folder, found, stages=None):
    costs.save(folder / "c.json", found)
    inputs = {"costs": folder / "c.json"}
    if stages is not None:
        placement.save(folder / "p.json", stages)
        inputs["placement"] = folder / "p.json"
    made = stepcall.run(module, folder / module.__name__, inputs)
    rows, details = measurements.load(made["measurements"])
    return {row.metric.partition(".")[2]: row for row in rows}, details


def test_figures_and_how_each_was_obtained(tmp_path):
    rows, details = measured(cost, tmp_path, FOUND)
    assert {name: (row.value, row.evidence) for name, row in rows.items()} == {
        "macs": (1000, "host"),
        "params": (30, "host"),
        "layers": (3, "host"),
        "weight_bytes": (60, "estimated"),
        "peak_activation_bytes": (80, "estimated"),
        "traffic_bytes": (300, "estimated"),
        "traffic_input_bytes": (30, "estimated"),
        "traffic_weights_bytes": (60, "estimated"),
        "traffic_activations_bytes": (160, "estimated"),
        "traffic_output_bytes": (50, "estimated"),
        "intensity": (2000 / 300, "estimated"),
    }
    assert details["totals"] == {
        "macs": 1000, "other_ops": 3, "params": 30, "weight_bytes": 60,
        "peak_activation_bytes": 80, "traffic_bytes": 300, "intensity": 2000 / 300, "ms": 2.5,
        "traffic": {"input": 30, "weights": 60, "activations": 160, "output": 50},
    }  # fmt: skip
    assert details["roofline"] == FOUND.roofline
    assert details["layers"][0] == {
        "name": "a", "op": "Conv", "output": "a", "nodes": ["a"], "macs": 600, "other_ops": 1,
        "params": 10, "weight_bytes": 20, "input_bytes": 30, "output_bytes": 50,
        "traffic_bytes": 100, "intensity": 12.0, "precision": "fp16", "engine": "NCE", "ms": 0.5,
        "bound": "",
    }  # fmt: skip


def test_a_model_that_cannot_be_counted_is_not_measured(tmp_path):
    rows, details = measured(cost, tmp_path, costs.unknown("the shape of `x` is not known"))
    assert {row.value for row in rows.values()} == {None}
    assert {row.detail for row in rows.values()} == {"the shape of `x` is not known"}
    assert details == {}


def test_macs_that_are_not_known_are_not_zero(tmp_path):
    odd = layer("odd", None, op="DFT")
    rows, _ = measured(cost, tmp_path, dataclasses.replace(FOUND, layers=(odd, *FOUND.layers)))
    assert {rows["macs"].value, rows["intensity"].value} == {None}
    assert rows["macs"].detail == "no count of operations is known for `odd` (DFT)"
    assert rows["traffic_bytes"].value == 300


STAGES = [
    Stage(name="a@0", op="CONV", engine="NCE", layer="a"),
    Stage(name="b@0", op="Conv", engine="SHAVE", layer="b", fallback=True, reason="too odd"),
    Stage(name="stray", op="Copy", engine="DMA"),
]


def test_shares_by_macs_and_time_say_what_could_not_be_joined(tmp_path):
    rows, details = measured(check_placement, tmp_path, FOUND, STAGES)
    shares = {
        name: row.value for name, row in rows.items() if "s_share" in name or "c_share" in name
    }
    assert shares == {
        "mac_share_accelerator": 0.6,
        "mac_share_shave": 0.4,  # one of the two may run on a SHAVE
        "mac_share_fallback": 0.4,
        "ms_share_accelerator": 0.2,
    }
    for name in shares:
        assert rows[name].detail == "no stage names `c` (Conv), of 100 MACs"
    assert rows["mac_share_accelerator"].evidence == "host"
    assert rows["ms_share_accelerator"].evidence == "estimated"
    assert details["macs_by_engine"] == {"NCE": 600, "SHAVE": 300, "unknown": 100}
    assert details["ms_by_engine"] == {"SHAVE": 1.5, "NCE": 0.5, "unknown": 0.5}
    assert details["unjoined"] == ["stray"]
    assert rows["fallback_ops"].value == 1


def without_times(found):
    layers = tuple(dataclasses.replace(x, ms=None) for x in found.layers)
    return dataclasses.replace(found, layers=layers, lacks="the target's roofline gives nothing")


@pytest.mark.parametrize(
    ("found", "stages", "metric", "reason"),
    [
        (costs.unknown("it is odd"), STAGES, "mac_share_shave", "it is odd"),
        (
            dataclasses.replace(FOUND, layers=(layer("a", 1), layer("b", 1))),
            STAGES,
            "mac_share_fallback",
            "nothing says which layer a stage came from",
        ),
        (
            dataclasses.replace(FOUND, layers=(layer("a", 1, "CPU"),)),
            [Stage(name="a", op="Conv", engine="CPU", layer="a")],
            "mac_share_accelerator",
            "there is no accelerator here",
        ),
        (
            dataclasses.replace(FOUND, layers=(layer("a", 1, "HTP", 1.0),)),
            [Stage(name="a", op="Conv2d", engine="HTP", layer="a")],
            "mac_share_shave",
            "nothing runs on a Myriad X here",
        ),
        (
            without_times(FOUND),
            STAGES,
            "ms_share_accelerator",
            "no estimate: the target's roofline gives nothing",
        ),
    ],
)
def test_a_share_that_cannot_be_told_has_a_reason(tmp_path, found, stages, metric, reason):
    rows, _ = measured(check_placement, tmp_path, found, stages)
    assert (rows[metric].value, rows[metric].detail) == (None, reason)


def estimated(folder, found):
    costs.save(folder / "c.json", found)
    made = stepcall.run(estimate, folder / "step", {"costs": folder / "c.json"})
    return timings.load(made["timings"])


def test_the_estimate_is_the_sum_of_the_layers(tmp_path):
    found = estimated(tmp_path, FOUND)
    assert (found.by, found.evidence, found.runs) == ("roofline", "estimated", 0)
    assert (found.p50, found.p95, found.p99, found.throughput_fps) == (2.5, 2.5, 2.5, 400)
    assert found.note == "a lower bound: each layer at the peak that the target's roofline gives"


@pytest.mark.parametrize(
    ("found", "note"),
    [
        (without_times(FOUND), "no estimate: the target's roofline gives nothing"),
        (costs.unknown("it is odd"), "no estimate: it is odd"),
        (Costs(), "no estimate: the model has no layers"),
    ],
)
def test_no_estimate_but_the_reason(tmp_path, found, note):
    found = estimated(tmp_path, found)
    assert (found.p95, found.evidence, found.note) == (None, "estimated", note)
