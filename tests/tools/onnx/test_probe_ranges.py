"""Ranges of values, against counting by hand; what check/numeric then says, from the network to the words."""

import json
import re

import numpy as np
import pytest
import stepcall
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from edgebuild.formats import dataset, measurements, naming, onnx_file
from edgebuild.formats.onnx_quantisers import bounds_of, quantisers
from edgebuild.formats.value_range import ValueRange
from edgebuild.step import Contract, Tensor
from edgebuild.steps import examples
from edgebuild.steps.checks import numeric
from edgebuild.steps.passes import quantize_int8, to_fp16
from edgebuild.steps.probes import ranges
from edgebuild.steps.runtimes import onnx_fp16

pytestmark = pytest.mark.filterwarnings("default")  # those of the libraries go to a step's log


def network(nodes, constants, shape, output, opset=13):
    """From float `x` to float `output`, both of `shape`."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    tensors = ({"x": Tensor(shape=shape)}, {output: Tensor(shape=shape)})
    return model, Contract(inputs=tensors[0], outputs=tensors[1])


def pair(value, scale, zero_point):
    """A Q/DQ pair, from `value` to `value`/back, and its constants."""
    names = [f"{value}/scale", f"{value}/zero_point"]
    nodes = [
        helper.make_node("QuantizeLinear", [value, *names], [f"{value}/q"], f"{value}/Q"),
        helper.make_node("DequantizeLinear", [f"{value}/q", *names], [f"{value}/back"]),
    ]
    return nodes, dict(zip(names, (np.float32(scale), zero_point), strict=True))


def examine(folder, model, contract, data, *, floats="float32", port="model", **inputs):
    """Rows of the probe by name, and figures of check/numeric with their details."""
    folder.mkdir(exist_ok=True)
    onnx_file.save(model, folder / "m.onnx")
    dataset.save(folder / "e.npz", {"inputs": data})
    made = stepcall.run(
        ranges,
        folder / "ranges",
        {port: folder / "m.onnx", "evaluation": folder / "e.npz", **inputs},
        contract=contract, model_contract=contract, source_contract=contract, floats=floats,
    )  # fmt: skip
    done = stepcall.run(numeric, folder / "numeric", made)
    found, _ = measurements.load(done["measurements"])
    rows = json.loads(made["ranges"].read_text())["tensors"]
    assert {m.evidence for m in found} == {"host"}
    return (
        {row["name"]: row for row in rows},
        {m.metric.removeprefix("numeric."): (m.value, m.detail) for m in found},
    )


# ------------------------------------------------------------------------------ clipping


def test_a_layer_that_saturates_in_8_bit_is_named(tmp_path):
    """`boost` gives -12..12 where its integers stand for -6.4..6.35; `x` fits."""
    first, one = pair("x", 4 / 255, np.uint8(128))
    second, other = pair("loud", 0.05, np.int8(0))
    nodes = [*first, helper.make_node("Mul", ["x/back", "six"], ["loud"], "boost"), *second]
    model, contract = network(nodes, {**one, **other, "six": np.float32(6)}, (1, 100), "loud/back")
    x = np.linspace(-2, 2, 400, dtype=np.float32).reshape(4, 1, 100)
    rows, figures = examine(tmp_path, model, contract, {"x": x})
    loud = rows["loud"]
    assert (loud["layer"], loud["quantiser"], loud["type"]) == ("boost", "loud/Q", "int8")
    assert (loud["low"], loud["high"]) == pytest.approx((-6.4, 6.35))
    assert (loud["scale"], loud["zero_point"]) == (pytest.approx(0.05), 0.0)
    back = (np.clip(np.rint(x / np.float32(4 / 255)), -128, 127) * np.float32(4 / 255)) * 6
    low, high = int((back < -6.425).sum()), int((back > 6.375).sum())
    assert 150 < low + high < 250, "the test would show nothing"
    assert (loud["clipped_low"], loud["clipped_high"], loud["clipped"]) == (low, high, low + high)
    assert rows["x"]["clipped"] == 0
    value, detail = figures["clip_share"]
    assert value == (low + high) / 400
    assert detail == (
        f"most in value `loud` of `boost`, {low / 400:.2%} below -6.4 and {high / 400:.2%} above 6.35"
    )
    ratio, detail = figures["range_ratio_max"]
    assert ratio == pytest.approx(24 / 12.75, rel=0.01)
    assert detail.startswith("most in value `loud` of `boost`, -11.9529..11.9529 seen")
    assert detail.endswith(", -6.4..6.35 in int8")


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["uint8", "int8", "uint16", "int16"]),
    st.floats(1e-4, 10),
    st.floats(0, 1),
    st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=60),
)
def test_clipped_is_what_no_rounding_brings_into_the_integers(kind, scale, place, values):
    bounds = np.iinfo(kind)
    zero = np.array(round(bounds.min + place * (bounds.max - bounds.min)), kind)
    nodes, constants = pair("x", scale, zero)
    model, _ = network(nodes, constants, (len(values),), "x/back", opset=21)
    (quantiser,) = quantisers(model, {"x": (-np.inf, np.inf)})
    found = ValueRange(name="x", layer="", quantiser=quantiser)
    array = np.asarray(values, np.float32)
    found.add(array)
    steps = array.astype(np.float64) / np.float64(np.float32(scale)) + float(zero)
    near = 1e-5 * (abs(steps) + 1)  # a tie may be rounded either way
    for count, over in (
        (found.clipped_low, bounds.min - 0.5 - steps),
        (found.clipped_high, steps - bounds.max - 0.5),
    ):
        assert (over > near).sum() <= count <= (over > -near).sum()
    row = found.row()
    assert row["low"] == pytest.approx((bounds.min - float(zero)) * np.float32(scale))
    assert row["high"] == pytest.approx((bounds.max - float(zero)) * np.float32(scale))


def test_a_scale_for_each_channel_has_a_range_for_each(tmp_path):
    constants = {"s": np.float32([0.01, 1]), "z": np.int8([0, 0])}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"], "Q", axis=1),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"], axis=1),
    ]
    model, contract = network(nodes, constants, (1, 2, 3), "y")
    x = np.float32([[[[1, 2, -3], [1, 2, -300]]]])
    rows, _ = examine(tmp_path, model, contract, {"x": x})
    assert (rows["x"]["clipped_low"], rows["x"]["clipped_high"]) == (2, 1)
    assert rows["x"]["scale"] == [pytest.approx(0.01), 1.0]


def relu6():
    """What is left where Clip(x, 0, 6) became part of the quantiser behind `gain`."""
    nodes = [
        helper.make_node("Mul", ["x", "two"], ["y"], "gain"),
        *pair("y", 6 / 255, np.uint8(0))[0],
    ]
    constants = {"two": np.float32(2), **pair("y", 6 / 255, np.uint8(0))[1]}
    return network(nodes, constants, (1, 4), "y/back")


def with_activation(node):
    bounds = {"zero": np.float32(0), "six": np.float32(6)}
    nodes = [helper.make_node("Mul", ["x", "two"], ["g"], "gain"), node]
    model, _ = network(nodes, {"two": np.float32(2), **bounds}, (1, 4), "y")
    return model


@pytest.mark.parametrize(
    ("source", "low", "high", "seen"),
    [
        (helper.make_node("Clip", ["g", "zero", "six"], ["y"]), 0, 0, (0, 6)),
        (helper.make_node("Relu", ["g"], ["y"]), 0, 2, (0, 20)),
        (helper.make_node("Identity", ["g"], ["y"]), 1, 2, (-10, 20)),
        (None, 0, 2, (0, 20)),  # not known: integers that begin at 0 count as behind a Relu
    ],
)
def test_what_an_activation_cuts_is_not_lost(tmp_path, source, low, high, seen):
    model, contract = relu6()
    more = {}
    if source is not None:
        onnx_file.save(with_activation(source), tmp_path / "source.onnx")
        more = {"source_model": tmp_path / "source.onnx"}
    x = np.float32([[[-5, 1, 5, 10]]])
    rows, _ = examine(tmp_path, model, contract, {"x": x}, **more)
    assert (rows["y"]["clipped_low"], rows["y"]["clipped_high"]) == (low, high)
    assert (rows["y"]["min"], rows["y"]["max"]) == seen


def test_bounds_of_a_clip_of_old():
    node = helper.make_node("Clip", ["g"], ["y"], min=-1.0)
    assert bounds_of(with_activation(node))["y"] == (-1.0, np.inf)


def test_tensors_that_hold_one_integer_are_counted_and_named(tmp_path):
    dead, one = pair("nothing", 0.1, np.uint8(0))
    far, other = pair("far", 0.1, np.int8(0))
    nodes = [
        helper.make_node("Mul", ["x", "none"], ["nothing"], "kill"), *dead,
        helper.make_node("Add", ["nothing/back", "much"], ["far"], "lift"), *far,
    ]  # fmt: skip
    constants = {**one, **other, "none": np.float32(0), "much": np.float32(90)}
    model, contract = network(nodes, constants, (1, 4), "far/back")
    rows, figures = examine(tmp_path, model, contract, {"x": np.ones((2, 1, 4), np.float32)})
    assert (rows["nothing"]["stuck"], rows["far"]["stuck"]) == (True, True)
    assert figures["stuck_tensors"] == (2, "first value `nothing` of `kill`, always 0")
    assert figures["range_ratio_max"][1].startswith("most in value `far` of `lift`, 90..90 seen")
    assert figures["clip_share"] == (1.0, "most in value `far` of `lift`, 100.00% above 12.7")


def test_constants_that_are_quantised_as_the_model_runs_are_no_values():
    nodes, constants = pair("w", 1.0, np.int8(0))
    join = helper.make_node("Add", ["x", "w/back"], ["y"])
    model, _ = network([*nodes, join], {**constants, "w": np.float32([999])}, (1, 4), "y")
    assert quantisers(model) == []


# ------------------------------------------------------------------------ random calibration


def edges():
    """Gradients of a grey image, their strength, a blur: what noise has far more of than pictures."""
    shape = (1, 1, 32, 32)
    kernel = np.float32([[0, -1, 0], [-1, 4, -1], [0, -1, 0]]).reshape(1, 1, 3, 3)
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["edges"], "laplace", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["edges"], ["strong"], "relu"),
        helper.make_node("Conv", ["strong", "b"], ["y"], "blur", pads=[1, 1, 1, 1]),
    ]
    constants = {"k": kernel, "b": np.full((1, 1, 3, 3), 1 / 9, np.float32)}
    return network(nodes, constants, shape, "y")


def pictures(seed, samples=12):
    """Slopes with a disc: smooth but for one edge."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:32, :32]
    made = []
    for _ in range(samples):
        a, b = random.uniform(-1, 1, 2)
        image = 120 + a * (x - 16) + b * (y - 16)
        cx, cy, r = random.uniform(8, 24, 3)
        image[(x - cx) ** 2 + (y - cy) ** 2 < (r / 3) ** 2] += 60
        made.append(image)
    return np.float32(made).reshape(samples, 1, 1, 1, 32, 32)[:, 0]


CALIBRATIONS = {
    "pictures": pictures(1, 40),
    "noise of the same range": np.float32(
        np.random.default_rng(2).uniform(0, 255, (40, 1, 1, 32, 32))
    ),
    "noise as networks like it": np.float32(
        np.random.default_rng(3).standard_normal((40, 1, 1, 32, 32))
    ),
}


@pytest.mark.parametrize("target", ["qnn", "generic"])
def test_random_calibration_is_told_from_real_by_name(tmp_path, target):
    model, contract = edges()
    found = {}
    for i, (name, samples) in enumerate(CALIBRATIONS.items()):
        folder = tmp_path / str(i)
        folder.mkdir()
        onnx_file.save(model, folder / "float.onnx")
        dataset.save(folder / "c.npz", {"inputs": {"x": samples}})
        made = stepcall.run(
            quantize_int8,
            folder / "quantise",
            {"model": folder / "float.onnx", "calibration": folder / "c.npz"},
            params=quantize_int8.Params(target=target),
            contract=contract, source_contract=contract,
        )  # fmt: skip
        _, found[name] = examine(
            folder,
            onnx_file.load(made["model"]),
            contract,
            {"x": pictures(9)},
            source_model=folder / "float.onnx",
        )
    real, wide, narrow = found.values()
    assert real["clip_share"][0] < 0.01
    assert 0.7 < real["range_ratio_min"][0] <= real["range_ratio_max"][0] < 1.3
    assert wide["range_ratio_min"][0] < 0.4
    assert re.match("least in value `.*` of `(laplace|relu|blur)`, ", wide["range_ratio_min"][1])
    assert narrow["range_ratio_max"][0] > 10
    assert narrow["clip_share"][0] > 0.9
    assert narrow["clip_share"][1].startswith("most in value `x`, ")


# ------------------------------------------------------------------- values that are no numbers


@pytest.mark.parametrize("port", ["model", "onnx"])
def test_the_first_layer_that_gives_no_numbers_is_named(tmp_path, port):
    """Raw pixels instead of logarithms of what is above one: the square root of what is below 0."""
    nodes = [
        helper.make_node("Sub", ["x", "one"], ["less"], "shift"),
        helper.make_node("Sqrt", ["less"], ["root"], "root"),
        helper.make_node("Exp", ["x"], ["exp"], "explode"),
        helper.make_node("Add", ["root", "exp"], ["y"], "join"),
    ]
    model, contract = network(nodes, {"one": np.float32(1)}, (1, 4), "y")
    x = np.float32([[[1, 2, 3, 4]], [[0, 0.5, 3, 200]]])
    rows, figures = examine(tmp_path, model, contract, {"x": x}, port=port)
    assert figures["nan_count"] == (4, "first in value `root` of `root`, largest magnitude 14.1067")
    assert figures["inf_count"] == (2, "first in value `exp` of `explode`, largest magnitude inf")
    assert [row["nan"] for row in rows.values()] == [0, 0, 2, 0, 2]
    assert (rows["less"]["min"], rows["less"]["max"]) == (-1, 199)
    for name in ("fp16_overflow", "fp16_saturation", "fp16_subnormal"):
        assert figures[name] == (None, "nothing was run in float16")
    for name in ("clip_share", "range_ratio_max", "range_ratio_min", "stuck_tensors"):
        assert figures[name] == (None, "nothing is quantised")


def test_what_the_network_is_fed_and_its_weights_are_looked_at_first(tmp_path):
    nodes = [helper.make_node("Mul", ["x", "w"], ["y"], "gain")]
    model, contract = network(nodes, {"w": np.float32([1, np.inf])}, (1, 2), "y")
    x = np.float32([[[np.nan, 1]]])
    _, figures = examine(tmp_path, model, contract, {"x": x})
    assert figures["nan_count"] == (2, "first in value `x`, largest magnitude 1")
    assert figures["inf_count"] == (2, "first in weight `w`, largest magnitude inf")


def test_an_artifact_with_names_of_its_own(tmp_path):
    nodes, constants = pair("x", 0.1, np.uint8(0))
    model, _ = network(nodes, constants, (1, 2), "x/back")
    contract = Contract(
        inputs={"image": Tensor(shape=(1, 2))}, outputs={"x/back": Tensor(shape=(1, 2))}
    )
    naming.save(tmp_path / "names.json", naming.Naming(inputs={"image": "x"}))
    more = {"port": "onnx", "names": tmp_path / "names.json"}
    rows, _ = examine(tmp_path, model, contract, {"image": np.float32([[[1, 99]]])}, **more)
    assert rows["x"]["clipped"] == 1


# --------------------------------------------------------------------------------- float16


def test_a_chip_of_float16_is_simulated_as_by_the_runtime(tmp_path):
    made = examples.images(tmp_path / "e.npz")
    onnx_file.save(examples.model(), tmp_path / "m.onnx")
    inputs = {"model": tmp_path / "m.onnx", "evaluation": made}
    contract = examples.CONTRACT
    by = {}
    for module, more in ((ranges, {"floats": "float16"}), (onnx_fp16, {})):
        facts = {"contract": contract, "source_contract": contract, **more}
        if more:
            facts["model_contract"] = contract
        name = module.__name__.rpartition(".")[2]
        by[name] = stepcall.run(module, tmp_path / name, inputs, **facts)["ranges"].read_text()
    assert json.loads(by["ranges"]) == json.loads(by["onnx_fp16"])


def test_a_model_that_is_float16_itself(tmp_path):
    nodes = [
        helper.make_node("Mul", ["x", "big"], ["large"], "enlarge"),
        helper.make_node("Mul", ["x", "tiny"], ["small"], "shrink"),
        helper.make_node("Add", ["large", "small"], ["y"], "join"),
    ]
    constants = {"big": np.float32([30000]), "tiny": np.float32([3e-5])}
    model, contract = network(nodes, constants, (1, 4), "y")
    onnx_file.save(model, tmp_path / "float.onnx")
    half = stepcall.run(
        to_fp16, tmp_path / "half", {"model": tmp_path / "float.onnx"},
        contract=contract, source_contract=contract,
    )["model"]  # fmt: skip
    x = np.float32([[[0, 1, 2, 3]]])
    rows, figures = examine(tmp_path, onnx_file.load(half), contract, {"x": x}, floats="float16")
    large = next(row for row in rows.values() if row["layer"] == "enlarge")
    small = next(row for row in rows.values() if row["layer"] == "shrink")
    assert (large["overflow"], large["inf"], small["subnormal"]) == (1, 1, 2)
    assert figures["fp16_saturation"][0] == 0.25
    assert "of `enlarge`, 25.00%" in figures["fp16_saturation"][1]


def test_of_many_samples_in_floats_some_are_run_and_those_with_answers_that_are_none(tmp_path):
    """Sample 77 of 200 is the only one below the logarithm's range."""
    nodes = [helper.make_node("Log", ["x"], ["y"], "log")]
    model, contract = network(nodes, {}, (1, 2), "y")
    x = np.linspace(1, 2, 400, dtype=np.float32).reshape(200, 1, 2)
    x[77, 0, 1] = -1
    with np.errstate(invalid="ignore"):
        dataset.save(tmp_path / "a.npz", {"outputs": {"y": np.log(x)}})
    more = {"actual": tmp_path / "a.npz"}
    rows, figures = examine(tmp_path, model, contract, {"x": x}, **more)
    assert figures["nan_count"][0] == 1
    assert figures["nan_count"][1].startswith("first in value `y` of `log`")
    assert rows["x"]["elements"] == 2 * (200 // 8 + 1)
    assert (rows["x"]["min"], rows["x"]["max"]) == (-1, 2)
