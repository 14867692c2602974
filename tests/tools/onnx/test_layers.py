import json
import math

import numpy as np
import pytest
import stepcall
from onnx import helper, numpy_helper

from edgebuild.formats import (
    dataset,
    layers,
    measurements,
    naming,
    onnx_file,
    onnx_run,
    onnx_values,
)
from edgebuild.step import Contract, Tensor
from edgebuild.steps import agreement
from edgebuild.steps.checks import parity
from edgebuild.steps.passes import quantize_int8
from edgebuild.steps.probes import layers_onnx_fp16, layers_onnxruntime
from edgebuild.steps.runtimes import onnx_fp16, onnxruntime, reference

SHAPE = (1, 4, 8, 8)
PADS = [1, 1, 1, 1]


def conv(name, source, made):
    return helper.make_node("Conv", [source, f"{name}_w"], [made], name, pads=PADS)


def network(nodes, shape=SHAPE, output=SHAPE, **constants):
    """`x` -> `y`, opset 17. A node called `convN` has weights of its own."""
    values = {}
    for node in nodes:
        if node.op_type == "Conv":
            random = np.random.default_rng(len(values))
            values[f"{node.name}_w"] = random.normal(size=(4, 4, 3, 3)).astype(np.float32) / 5
    values |= {name: np.asarray(value) for name, value in constants.items()}
    graph = helper.make_graph(
        nodes,
        "main",
        [helper.make_tensor_value_info("x", 1, shape)],
        [helper.make_tensor_value_info("y", 1, output)],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    contract = Contract(inputs={"x": Tensor(shape=shape)}, outputs={"y": Tensor(shape=output)})
    return model, contract


def chain():
    """Three convolutions with activations, a shortcut around the last."""
    return network(
        [
            conv("conv1", "x", "c1"),
            helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
            conv("conv2", "r1", "c2"),
            helper.make_node("Sigmoid", ["c2"], ["s2"], "sigmoid2"),
            conv("conv3", "s2", "c3"),
            helper.make_node("Add", ["c3", "r1"], ["y"], "add"),
        ]
    )


def constant(model, name):
    return next(t for t in model.graph.initializer if t.name == name)


def change(model, name, function):
    """`model` with one constant changed, as a copy."""
    changed = type(model).FromString(model.SerializeToString())
    tensor = constant(changed, name)
    values = function(numpy_helper.to_array(tensor).copy())
    tensor.CopyFrom(numpy_helper.from_array(values, name))
    return changed


def examined(folder, model, artifact, contract, samples=8, data=None, names=None):
    """Figures of check/parity by name, and its details, of an ONNX artifact against its source."""
    folder.mkdir(exist_ok=True)
    if data is None:
        data = np.random.default_rng(1).normal(size=(samples, *contract.inputs["x"].shape))
    dataset.save(folder / "e.npz", {"inputs": {"x": data.astype(np.float32)}})
    onnx_file.save(model, folder / "source.onnx")
    onnx_file.save(artifact, folder / "artifact.onnx")
    ports = {
        "source_model": folder / "source.onnx",
        "onnx": folder / "artifact.onnx",
        "evaluation": folder / "e.npz",
    }
    if names is not None:
        naming.save(folder / "names.json", names)
        ports["names"] = folder / "names.json"
    facts = {"contract": contract, "source_contract": contract}
    for module, name in ((reference, "reference"), (onnxruntime, "run")):
        made = stepcall.run(module, folder / name, ports, **facts)
        ports |= {port: made[port] for port in ("expected", "actual") if port in made}
    ports |= stepcall.run(layers_onnxruntime, folder / "layers", ports, **facts)
    return judged(folder, ports)


def judged(folder, ports):
    made = stepcall.run(parity, folder / "parity", ports, evidence="host", isa=None, backend="onnx")
    rows, details = measurements.load(made["measurements"])
    return {row.metric.removeprefix("parity."): row for row in rows}, details


def test_a_sound_artifact_has_every_layer_and_none_goes_wrong(tmp_path):
    model, contract = chain()
    figures, details = examined(tmp_path, model, model, contract)
    found = details["layers"]
    assert [(r["name"], r["op"], r["layer"], r["depth"]) for r in found["rows"]] == [
        ("c1", "Conv", "conv1", 0),
        ("r1", "Relu", "relu1", 1),
        ("c2", "Conv", "conv2", 2),
        ("s2", "Sigmoid", "sigmoid2", 3),
        ("c3", "Conv", "conv3", 4),
        ("y", "Add", "add", 5),
    ]
    assert (found["evidence"], found["samples"], found["unmatched"]) == ("host", 1, [])
    assert figures["layer_sqnr_db"].value > 120
    assert "goes wrong" not in figures["layer_sqnr_db"].detail
    assert figures["nonfinite_layers"].value == 0


@pytest.mark.parametrize("name", ["conv1", "conv2", "conv3"])
def test_a_convolution_with_other_weights_is_named(tmp_path, name):
    model, contract = chain()
    broken = change(model, f"{name}_w", lambda w: np.where(np.arange(4) == 2, 0, w.T).T)
    figures, details = examined(tmp_path, model, broken, contract)
    detail = figures["layer_sqnr_db"].detail
    assert f"; goes wrong in `{name}` (Conv): " in detail
    assert "with at least 110.0 dB before it" in detail
    rows = {row["layer"]: row for row in details["layers"]["rows"]}
    place = rows[name]["depth"]
    assert all(float(r["sqnr_db"]) > 110 for r in rows.values() if r["depth"] < place)
    worst = details["layers"]["rows"][details["layers"]["worst"][0]]
    assert figures["layer_sqnr_db"].value == worst["sqnr_db"] < 30


def test_another_way_to_resize_is_named(tmp_path):
    def resized(mode):
        resize = helper.make_node("Resize", ["r1", "", "scales"], ["z"], "resize", mode=mode)
        nodes = [
            conv("conv1", "x", "c1"),
            helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
            resize,
            conv("conv2", "z", "y"),
        ]
        return network(nodes, output=(1, 4, 16, 16), scales=np.float32([1, 1, 2, 2]))

    (model, contract), (broken, _) = resized("linear"), resized("nearest")
    figures, _ = examined(tmp_path, model, broken, contract)
    assert "; goes wrong in `resize` (Resize): " in figures["layer_sqnr_db"].detail


@pytest.fixture
def quantised(tmp_path):
    model, contract = chain()
    onnx_file.save(model, tmp_path / "m.onnx")
    data = np.random.default_rng(2).normal(size=(8, *SHAPE)).astype(np.float32)
    dataset.save(tmp_path / "c.npz", {"inputs": {"x": data}})
    made = stepcall.run(
        quantize_int8,
        tmp_path / "quantise",
        {"model": tmp_path / "m.onnx", "calibration": tmp_path / "c.npz"},
        # signed weights saturate on processors without VNNI
        params=quantize_int8.Params(weight="uint8", per_channel=False),
        contract=contract,
        source_contract=contract,
    )
    return model, onnx_file.load(made["model"]), contract


def test_a_quantised_model_is_compared_behind_its_pairs(tmp_path, quantised):
    model, artifact, contract = quantised
    source, changed = (onnx_values.read(onnx_file.to_bytes(m)) for m in (model, artifact))
    pairs = onnx_values.counterparts(source, changed)
    assert pairs["r1"] == onnx_values.Counterpart(
        name="r1_DequantizeLinear_Output", stored="r1_QuantizeLinear_Output"
    )
    assert "c1" not in pairs  # the activation is part of the convolution there
    assert pairs["y"] == onnx_values.Counterpart(name="y", stored="y_QuantizeLinear_Output")
    figures, details = examined(tmp_path / "q", model, artifact, contract)
    assert details["layers"]["unmatched"] == ["c1"]
    assert details["layers"]["rows"][0]["includes"] == ["conv1"]
    assert 15 < figures["layer_sqnr_db"].value < 60
    assert "goes wrong" not in figures["layer_sqnr_db"].detail


def test_an_activation_with_a_wrong_scale_is_named(tmp_path, quantised):
    model, artifact, contract = quantised
    broken = change(artifact, "r1_scale", lambda scale: (scale / 8).astype(np.float32))
    figures, _ = examined(tmp_path / "q", model, broken, contract)
    detail = figures["layer_sqnr_db"].detail
    assert "; goes wrong in `relu1` (Relu, with `conv1`): " in detail
    assert "with at least 30.0 dB before it" in detail


def test_the_layer_that_makes_the_first_nan_is_named(tmp_path):
    model, contract = chain()
    broken = change(model, "conv2_w", lambda w: w * np.float32(np.nan))
    figures, _ = examined(tmp_path, model, broken, contract)
    assert figures["nonfinite_layers"].value == 4
    assert figures["nonfinite_layers"].detail == "first in `conv2` (Conv), 256 values"
    assert figures["layer_sqnr_db"].value == -math.inf
    assert figures["sqnr_db"].detail == (
        "2048 of 2048 values are not finite; the first layer that makes one is `conv2` (Conv)"
    )


def test_where_the_source_stops_being_finite_is_named(tmp_path):
    nodes = [
        conv("conv1", "x", "c1"),
        helper.make_node("Sqrt", ["c1"], ["s"], "root"),
        helper.make_node("Sigmoid", ["s"], ["y"], "sigmoid"),
    ]
    model, contract = network(nodes)
    figures, details = examined(tmp_path, model, model, contract)
    assert figures["sqnr_db"].value is None
    assert figures["sqnr_db"].detail.endswith(
        " values are not finite; the first layer of it that makes one is `root` (Sqrt)"
    )
    assert figures["nonfinite_layers"].value == 0  # the artifact does as the source
    assert details["layers"]["rows"][1]["nonfinite_source"] > 0


def test_an_artifact_with_names_of_its_own(tmp_path):
    model, contract = chain()
    theirs = type(model).FromString(model.SerializeToString())
    theirs.graph.input[0].name = theirs.graph.node[0].input[0] = "image"
    theirs.graph.output[0].name = theirs.graph.node[-1].output[0] = "mask"
    names = naming.Naming(inputs={"x": "image"}, outputs={"y": "mask"})
    figures, details = examined(tmp_path, model, theirs, contract, names=names)
    assert figures["layer_sqnr_db"].value > 120
    assert [row["name"] for row in details["layers"]["rows"]][-1] == "y"
    assert details["layers"]["note"].startswith(
        "a copy of the artifact that gives its inner values out; "
        "layers are paired by their names, which somebody else gave; its outputs "
    )


def test_samples_with_the_worst_answers_are_looked_at(tmp_path):
    """An overflow in one sample of sixteen is found, though only two are looked at."""
    model, contract = chain()
    data = np.random.default_rng(1).normal(size=(16, *SHAPE))
    data[11] *= 1e30
    broken = change(model, "conv2_w", lambda w: w * np.float32(1e12))
    figures, details = examined(tmp_path, model, broken, contract, data=data)
    assert details["layers"]["samples"] == 2
    assert figures["nonfinite_layers"].detail.startswith("first in `conv2` (Conv)")


def test_an_error_hidden_by_a_large_constant_is_not_named_where_it_shows_again(tmp_path):
    nodes = [
        conv("conv1", "x", "c1"),
        helper.make_node("Add", ["c1", "much"], ["a"], "add"),
        helper.make_node("Sub", ["a", "much"], ["y"], "sub"),
    ]
    model, contract = network(nodes, much=np.float32(1000))
    broken = change(model, "conv1_w", lambda w: w * np.float32(1.1))
    figures, details = examined(tmp_path, model, broken, contract)
    hidden = details["layers"]["rows"][1]
    assert hidden["sqnr_db"] > 60 and hidden["layer"] == "add"
    assert "; goes wrong in `conv1` (Conv): " in figures["layer_sqnr_db"].detail


def test_ranks_of_samples():
    wanted = {"a": np.ones((5, 3)), "b": np.ones((5, 2))}
    found = {"a": wanted["a"].copy(), "b": wanted["b"].copy()}
    found["a"][1] += 0.5
    found["b"][3] += 0.7
    found["b"][4, 0] = np.nan
    assert layers.worst_samples(wanted, found, 1) == [4]
    assert layers.worst_samples(wanted, found, 3) == [1, 3, 4]
    assert layers.worst_samples(wanted, {"a": np.ones((5, 9))}, 2) == [0, 1]


def test_float16_overflow_names_its_layer(tmp_path):
    nodes = [
        conv("conv1", "x", "c1"),
        helper.make_node("Exp", ["c1"], ["e"], "exp"),
        helper.make_node("Clip", ["e", "low", "high"], ["y"], "clip"),
    ]
    model, contract = network(nodes, low=np.float32(0), high=np.float32(6))
    model = change(model, "conv1_w", lambda w: w * 8)
    data = np.random.default_rng(1).normal(size=(8, *SHAPE)).astype(np.float32)
    dataset.save(tmp_path / "e.npz", {"inputs": {"x": data}})
    onnx_file.save(model, tmp_path / "m.onnx")
    path = tmp_path / "m.onnx"
    ports = {"source_model": path, "model": path, "evaluation": tmp_path / "e.npz"}
    facts = {"contract": contract, "source_contract": contract}
    ports |= stepcall.run(reference, tmp_path / "reference", ports, **facts)
    ports |= stepcall.run(onnx_fp16, tmp_path / "run", ports, **facts)
    ports |= stepcall.run(layers_onnx_fp16, tmp_path / "layers", ports, **facts)
    figures, details = judged(tmp_path, ports)
    assert details["layers"]["note"] == (
        "the model that was compiled, simulated in float16; not the artifact's own file; "
        "its outputs are the artifact's"
    )
    assert details["layers"]["evidence"] == "host"
    assert figures["sqnr_db"].value > 40  # the outputs hide it
    assert figures["nonfinite_layers"].value == 1
    assert figures["nonfinite_layers"].detail.startswith("first in `exp` (Exp), ")


def test_figures_are_those_of_an_independent_count():
    random = np.random.default_rng(0)
    pairs = []
    for _ in range(2):
        want = random.normal(size=(3, 200, 100)).astype(np.float32)
        pairs.append((want, want + random.normal(size=want.shape).astype(np.float32) / 50))
    sums = layers.Sums()
    for want, have in pairs:
        sums.add(want, have)
    want, have = (np.stack(side) for side in zip(*pairs, strict=True))
    assert sums.sqnr_db == pytest.approx(agreement.sqnr(want, have), abs=1e-9)
    assert sums.max_abs == agreement.max_abs(want, have)
    assert sums.mean_abs == pytest.approx(agreement.mean_abs(want, have))
    assert sums.cosine == pytest.approx(agreement.cosine(want, have))
    assert sums.count == want.size


def test_what_is_not_finite_is_counted_on_both_sides():
    want = np.array([1.0, np.nan, 3.0, -np.inf])
    sums = layers.Sums()
    sums.add(want, np.array([1.0, np.nan, 3.0, -np.inf]))
    assert (sums.nonfinite, sums.nonfinite_source, sums.sqnr_db) == (2, 2, math.inf)
    sums.add(want, np.array([1.0, 0.0, np.inf, 0.0]))
    assert (sums.nonfinite, sums.nonfinite_source, sums.sqnr_db) == (3, 4, -math.inf)
    assert (sums.max_abs, sums.cosine) == (math.inf, None)


def test_a_layer_of_zeros_has_no_ratio():
    sums = layers.Sums()
    sums.add(np.zeros(4), np.full(4, 1e-6))
    assert (sums.sqnr_db, sums.max_abs) == (None, 1e-6)


def test_values_of_branches_are_no_layers_but_the_node_is():
    inner = helper.make_graph(
        [helper.make_node("Neg", ["x"], ["n"], "neg")],
        "inner",
        [],
        [helper.make_tensor_value_info("n", 1, SHAPE)],
    )
    nodes = [
        helper.make_node("Add", ["k", "k"], ["kk"], "constants"),
        helper.make_node("If", ["yes"], ["i"], "choice", then_branch=inner, else_branch=inner),
        helper.make_node("Add", ["i", "kk"], ["y"], "add"),
    ]
    model, _ = network(nodes, yes=np.array(True), k=np.float32(1))
    data = onnx_file.to_bytes(model)
    assert [value.node for value in onnx_values.read(data)] == ["choice", "add"]
    session = onnx_run.session(onnx_values.exposed(data, ["i", "y", "i"]))
    assert [output.name for output in session.get_outputs()] == ["y", "i"]
    assert onnx_values.exposed(data, ["y"]) == data


def test_what_computes_in_what():
    floats, _ = chain()
    halves = change(floats, "conv1_w", lambda w: w.astype(np.float16))
    assert onnx_values.arithmetic(onnx_file.to_bytes(floats)) == "float32"
    assert onnx_values.arithmetic(halves.SerializeToString()) == "float16"


def test_without_a_probe_nothing_is_claimed(tmp_path):
    values = {"outputs": {"y": np.ones((2, 3))}}
    for name in ("e", "a"):
        dataset.save(tmp_path / f"{name}.npz", values)
    figures, details = judged(
        tmp_path, {"expected": tmp_path / "e.npz", "actual": tmp_path / "a.npz"}
    )
    assert details["layers"] is None
    for name in ("layer_sqnr_db", "nonfinite_layers"):
        assert figures[name].value is None
        assert figures[name].detail == "nothing here can look inside this artifact"


def looked(folder, rows, unmatched):
    """Figures of a probe's document."""
    folder.mkdir(exist_ok=True)
    for name in ("e", "a"):
        dataset.save(folder / f"{name}.npz", {"outputs": {"y": np.ones((2, 3))}})
    document = {"evidence": "host", "samples": 1, "rows": rows, "unmatched": unmatched, "note": "a copy",
                "keeps_db": 110.0, "source_not_finite": None, "copy_sqnr_db": "inf"}  # fmt: skip
    (folder / "l.json").write_text(json.dumps(document))
    return judged(
        folder,
        {"expected": folder / "e.npz", "actual": folder / "a.npz", "layers": folder / "l.json"},
    )[0]


@pytest.mark.parametrize(
    ("unmatched", "why"),
    [
        ([], "the source has no layer that gives floats"),
        (["c1", "c2"], "none of the source's 2 layers is in the artifact by its name"),
    ],
)
def test_why_no_layer_was_compared(tmp_path, unmatched, why):
    figures = looked(tmp_path, [], unmatched)
    for name in ("layer_sqnr_db", "nonfinite_layers"):
        assert (figures[name].value, figures[name].detail) == (None, why)


def test_how_many_layers_were_seen_and_what_has_no_ratio(tmp_path):
    row = {"name": "c1", "op": "Conv", "layer": "conv1", "depth": 0, "sqnr_db": 40.0, "cosine": 1.0,
           "input_sqnr_db": "inf", "max_abs": 0.1, "mean_abs": 0.01, "nonfinite": 0,
           "nonfinite_source": 0, "includes": []}  # fmt: skip
    figures = looked(tmp_path / "some", [row], ["c2", "c3"])
    assert figures["layer_sqnr_db"].detail.endswith("; 1 of the source's 3 layers seen")
    assert figures["nonfinite_layers"].detail == "1 of the source's 3 layers seen"
    figures = looked(tmp_path / "none", [{**row, "sqnr_db": None}], [])
    assert (figures["layer_sqnr_db"].value, figures["nonfinite_layers"].value) == (None, 0)
    assert figures["layer_sqnr_db"].detail == (
        "what the source's layers give is 0 or not finite: there is no ratio"
    )


def test_infinities_survive_the_file(tmp_path):
    row = {"name": "inf", "op": "Relu", "layer": "-inf", "depth": 0, "sqnr_db": "-inf"}
    (tmp_path / "l.json").write_text(json.dumps({"rows": [row], "copy_sqnr_db": "inf"}))
    document = layers.load(tmp_path / "l.json")
    assert document["copy_sqnr_db"] == math.inf
    found = document["rows"][0]
    assert (found["name"], found["layer"], found["sqnr_db"]) == ("inf", "-inf", -math.inf)
