import json

import numpy as np
import stepcall
from onnx import helper, numpy_helper

from edgebuild.formats import dataset, onnx_file
from edgebuild.step import Contract, Tensor
from edgebuild.steps import examples
from edgebuild.steps.runtimes import onnx_fp16


def half(array):
    with np.errstate(over="ignore"):
        return np.asarray(array, np.float32).astype(np.float16).astype(np.float32)


def run(folder, model, data, source, stage=None):
    onnx_file.save(model, folder / "m.onnx")
    dataset.save(folder / "e.npz", {"inputs": data})
    made = stepcall.run(
        onnx_fp16,
        folder / "step",
        {"model": folder / "m.onnx", "evaluation": folder / "e.npz"},
        contract=stage or source,
        source_contract=source,
    )
    rows = json.loads(made["ranges"].read_text())
    return dataset.load(made["actual"])["outputs"], {t["name"]: t for t in rows["tensors"]}


def network(nodes, constants, shape, outputs, opset=13):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", 1, shape)],
        [helper.make_tensor_value_info(name, 1, size) for name, size in outputs.items()],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    contract = Contract(
        inputs={"x": Tensor(shape=shape)},
        outputs={name: Tensor(shape=size) for name, size in outputs.items()},
    )
    return model, contract


def test_every_value_and_weight_is_rounded_between_ops(tmp_path):
    random = np.random.default_rng(3)
    w = random.standard_normal((4,)).astype(np.float32)
    nodes = [
        helper.make_node("Mul", ["x", "w"], ["a"]),
        helper.make_node("Add", ["a", "x"], ["b"]),
        helper.make_node("Mul", ["b", "b"], ["y"]),
    ]
    model, contract = network(nodes, {"w": w}, (1, 4), {"y": (1, 4)})
    x = random.standard_normal((5, 1, 4)).astype(np.float32)
    found, _ = run(tmp_path, model, {"x": x}, contract)
    a = half(half(x) * half(w))
    b = half(a + half(x))
    assert (found["y"] == half(b * b)).all()
    assert (found["y"] != ((x * w + x) ** 2)).any()


def test_ranges_tell_what_float16_cannot_hold(tmp_path):
    nodes = [
        helper.make_node("Mul", ["x", "big"], ["large"], "enlarge"),
        helper.make_node("Mul", ["x", "tiny"], ["small"], "shrink"),
        helper.make_node("Sub", ["large", "large"], ["none"], "lose"),
        helper.make_node("Add", ["none", "small"], ["y"], "join"),
    ]
    constants = {"big": np.float32([30000]), "tiny": np.float32([3e-5])}
    model, contract = network(nodes, constants, (1, 4), {"y": (1, 4)})
    x = np.array([[[0, 1, 2, 3]], [[0, 0, 0, -3]]], np.float32)
    found, ranges = run(tmp_path, model, {"x": x}, contract)
    assert ranges["large"] == {
        "name": "large",
        "layer": "enlarge",
        "kind": "value",
        "elements": 8,
        "max_abs": 90000.0,
        "overflow": 2,
        "nan": 0,
        "subnormal": 0,
    }
    assert ranges["none"]["nan"] == 2  # inf - inf
    assert ranges["none"]["overflow"] == 0
    assert ranges["small"]["subnormal"] == 2  # 3e-5 and 6e-5 of 6.1e-5; 9e-5 is above, 0 is zero
    assert ranges["big"]["kind"] == "weight" and ranges["big"]["overflow"] == 0
    assert ranges["tiny"]["subnormal"] == 1
    assert np.isnan(found["y"][0, 0, 3])


def test_a_weight_beyond_the_range_counts_a_bound_does_not(tmp_path):
    nodes = [
        helper.make_node("Clip", ["x", "", "most"], ["a"]),
        helper.make_node("Mul", ["a", "w"], ["y"]),
    ]
    constants = {"most": np.float32(3.4e38), "w": np.float32([1e6, 1])}
    model, contract = network(nodes, constants, (1, 2), {"y": (1, 2)})
    _, ranges = run(tmp_path, model, {"x": np.zeros((1, 1, 2), np.float32)}, contract)
    assert ranges["w"]["overflow"] == 1
    assert ranges["w"]["max_abs"] == 1e6
    assert "most" not in ranges
    assert ranges["y"]["nan"] == 1  # 0 * inf


def test_indices_stay_exact_and_floats_made_into_indices_do_not(tmp_path):
    nodes = [
        helper.make_node("Gather", ["x", "exact"], ["y"], axis=1),
        helper.make_node("Cast", ["exact"], ["f"], to=1),
        helper.make_node("Cast", ["f"], ["rounded"], to=7),
        helper.make_node("Gather", ["x", "rounded"], ["z"], axis=1),
    ]
    model, contract = network(
        nodes, {"exact": np.array([2049])}, (1, 3000), {"y": (1, 1), "z": (1, 1)}
    )
    x = np.zeros((1, 1, 3000), np.float32)
    x[0, 0, 2049] = 1
    found, _ = run(tmp_path, model, {"x": x}, contract)
    assert found["y"].item() == 1
    assert found["z"].item() == 0  # 2049 is not a float16: 2048 was read


def test_settings_are_not_rounded(tmp_path):
    resize = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="nearest")
    scales = np.float32([1, 1, 1, 100.04])  # 100.0625 as float16, which gives 2001 columns
    model, contract = network([resize], {"scales": scales}, (1, 1, 2, 20), {"y": (1, 1, 2, 2000)})
    found, _ = run(tmp_path, model, {"x": np.ones((1, 1, 1, 2, 20), np.float32)}, contract)
    assert found["y"].shape == (1, 1, 1, 2, 2000)


def test_graphs_inside_nodes_are_rounded_too(tmp_path):
    inner = helper.make_graph(
        [
            helper.make_node("Mul", ["x", "w"], ["p"]),
            helper.make_node("Mul", ["p", "w"], ["q"]),
        ],
        "inner",
        [],
        [helper.make_tensor_value_info("q", 1, [1, 3])],
    )
    nodes = [helper.make_node("If", ["yes"], ["y"], then_branch=inner, else_branch=inner)]
    constants = {"w": np.float32([1.1]), "yes": np.array(True)}
    model, contract = network(nodes, constants, (1, 3), {"y": (1, 3)})
    x = np.random.default_rng(0).standard_normal((2, 1, 3)).astype(np.float32)
    found, _ = run(tmp_path, model, {"x": x}, contract)
    w = half([1.1])
    assert (found["y"] == half(half(half(x) * w) * w)).all()


def test_the_artifact_may_take_bytes_and_give_halves(tmp_path):
    raw = np.random.default_rng(0).integers(0, 256, (2, 1, 3, 6, 4)).astype(np.uint8)
    plain = Tensor(shape=(1, 3, 6, 4), layout="NCHW", color="RGB")
    source = Contract(inputs={"image": plain}, outputs={"mask": Tensor(shape=(1, 2, 6, 4))})
    chip = Contract(
        inputs={"image": Tensor(shape=(1, 3, 6, 4), layout="NCHW", color="RGB", dtype="uint8")},
        outputs={"mask": Tensor(shape=(1, 2, 6, 4), dtype="float16")},
    )
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
    found, _ = run(first, examples.model(), {"image": raw}, source, chip)
    plain_found, _ = run(second, examples.model(), {"image": raw}, source)
    assert found["mask"].dtype == np.float16
    assert (found["mask"] == plain_found["mask"]).all()
