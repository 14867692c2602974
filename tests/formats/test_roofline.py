"""Times of layers under a chip's roofs, where they run, and what is missing for one."""

import pytest

from edgebuild.formats import costs
from edgebuild.formats.costs import Costs, Layer
from edgebuild.formats.placement import Stage
from edgebuild.formats.roofline import Placed, timed

ROOF = {"peak_gops": {"fp16": 100, "fp16_shave": 5}, "bandwidth_gb_s": 10, "source": "a test"}


def layer(name, macs=0, read=1000, wrote=1000, **more):
    return Layer(
        **{
            "name": name, "op": "Conv", "output": f"{name}:0", "nodes": (name, f"{name}/relu"),
            "macs": macs, "other_ops": 0, "params": 0, "weight_bytes": 0, "input_bytes": read,
            "output_bytes": wrote, "precision": "fp16", **more,
        }
    )  # fmt: skip


def placed(name, engine, op="CONV", shaves=0, **more):
    return Placed(stage=Stage(name=name, op=op, engine=engine, layer=name, **more), shaves=shaves)


def test_the_longer_of_computing_and_moving():
    found = timed(Costs(layers=(layer("a", 10**6), layer("b", 10))), ROOF)
    a, b = found.layers
    assert (a.ms, a.bound) == (pytest.approx(2e6 / 100e9 * 1e3), "compute")
    assert (b.ms, b.bound) == (pytest.approx(2000 / 10e9 * 1e3), "memory")
    assert (a.engine, b.engine) == ("", "")
    assert found.ms == a.ms + b.ms
    assert found.lacks == ""


def test_a_layer_is_where_its_products_are():
    stages = [
        placed("a", "DMA", "Copy"),
        placed("a", "NCE"),
        placed("b", "NCE", "POOL"),
        placed("b/relu", "SHAVE", "Conv", 3, fallback=True),
        placed("c", "DMA", "Copy"),
        placed("c", "SHAVE", "Permute", 4),
    ]
    layers = (layer("a", 10**6), layer("b", 10**6), layer("c"), layer("merged"))
    found = timed(Costs(layers=layers), ROOF, stages)
    assert [x.engine for x in found.layers] == ["NCE", "SHAVE", "SHAVE", ""]
    times = [2e6 / 100e6, 2e6 / 15e6, 2000 / 10e6, 0.0]
    assert [x.ms for x in found.layers] == pytest.approx(times)
    assert found.by_engine("macs") == {"NCE": 10**6, "SHAVE": 10**6}
    assert found.by_engine("ms") == pytest.approx({"SHAVE": times[1] + times[2], "NCE": times[0]})


def test_a_conversion_is_found_by_what_it_converts():
    convert = layer("image", op="Convert", output="image", nodes=())
    stages = [
        Placed(stage=Stage(name="image@FP16", op="Convert", engine="SHAVE"), shaves=2),
        placed("a", "NCE"),
    ]
    found = timed(Costs(layers=(convert, layer("a", 5))), ROOF, stages)
    assert found.layers[0].engine == "SHAVE"


def test_without_stages_that_name_layers_nothing_is_taken_as_merged():
    stages = [Placed(stage=Stage(name="s0", op="MyriadXHwOp", engine="NCE"))]
    found = timed(Costs(layers=(layer("a", 5), layer("b"))), ROOF, stages)
    assert [x.engine for x in found.layers] == ["", ""]
    assert all(x.ms for x in found.layers)


@pytest.mark.parametrize(
    ("roof", "more", "stages", "reason"),
    [
        ({}, {}, [], "the target's roofline gives no memory bandwidth"),
        (
            {"bandwidth_gb_s": 10, "peak_gops": {"int8": 1}},
            {},
            [],
            "the target's roofline gives no peak rate `fp16`",
        ),
        (
            {"bandwidth_gb_s": 10, "peak_gops": {"fp16": 1}},
            {},
            [placed("a", "SHAVE", "Conv", 2, fallback=True)],
            "the target's roofline gives no peak rate `fp16_shave`",
        ),
        (
            ROOF,
            {},
            [placed("a", "SHAVE", "Conv", fallback=True)],
            "it is not known how many SHAVE cores compute `a`",
        ),
        (ROOF, {"macs": None}, [], "no count of operations is known for `a` (Conv)"),
    ],
)
def test_what_is_missing_for_a_time_is_said(roof, more, stages, reason):
    found = timed(Costs(layers=(layer("a", **{"macs": 5, **more}), layer("b", 5))), roof, stages)
    assert found.layers[0].ms is None
    assert found.ms is None
    assert reason in found.lacks.split("; ")


def test_what_was_not_counted_has_no_time_either(tmp_path):
    unknown = costs.unknown("the shape of `x` is not known")
    assert timed(unknown, ROOF) == unknown
    assert (unknown.ms, unknown.macs, unknown.lacks) == (None, None, unknown.unknown)
    costs.save(tmp_path / "c.json", unknown)
    assert costs.load(tmp_path / "c.json") == unknown


def test_costs_are_read_as_they_were_written(tmp_path):
    found = timed(Costs(layers=(layer("a", 5), layer("b", None)), params=3), ROOF)
    costs.save(tmp_path / "c.json", found)
    assert costs.load(tmp_path / "c.json") == found
