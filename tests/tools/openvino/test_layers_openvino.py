import json

import numpy as np
import openvino as ov
import stepcall

from edgebuild.formats import dataset, layers
from edgebuild.steps import agreement, examples
from edgebuild.steps.backends import openvino_ir
from edgebuild.steps.probes import layers_openvino
from edgebuild.steps.runtimes import openvino as runtime

FACTS = {"contract": examples.CONTRACT, "source_contract": examples.CONTRACT}
# The second convolution's weights, as the example has them.
WEIGHTS = (((np.arange(10) * 37 % 101) - 50) / 200).astype("<f4")


def built(folder, weights=WEIGHTS, **params):
    """The IR of the tiny model, with other weights if they are given; and the ports of its source."""
    folder.mkdir(exist_ok=True)
    source = examples.write_model(folder / "source.onnx")
    data = source.read_bytes()
    named = b"w2J" + bytes([WEIGHTS.nbytes])  # the tensor's name, then its values
    assert data.count(named + WEIGHTS.tobytes()) == 1
    model = folder / "model.onnx"
    changed = named + weights.astype("<f4").tobytes()
    model.write_bytes(data.replace(named + WEIGHTS.tobytes(), changed))
    made = stepcall.run(
        openvino_ir,
        folder / "ir",
        {"model": model},
        params=openvino_ir.Params(**params),
        contract=examples.CONTRACT,
    )
    evaluation = examples.images(folder / "e.npz")
    ports = {"xml": made["xml"], "bin": made["bin"], "model": model, "evaluation": evaluation}
    return ports | {"source_model": source}


def ran(folder, ports, **facts):
    return stepcall.run(runtime, folder, ports, **FACTS, **facts)


def compared(folder, ports, expected=None):
    actual = ran(folder / "run", ports, isa=None)["actual"]
    ports = ports | {"actual": actual, "expected": expected or actual}
    return layers.load(stepcall.run(layers_openvino, folder / "layers", ports, **FACTS)["layers"])


def test_every_layer_of_an_ir_is_found_by_its_name(tmp_path):
    found = compared(tmp_path, built(tmp_path / "b"))
    assert [(r["name"], r["layer"], r["op"]) for r in found["rows"]] == [
        ("c1", "conv1", "Conv"),
        ("r1", "relu1", "Relu"),
        ("c2", "conv2", "Conv"),
        ("mask", "sigmoid", "Sigmoid"),
    ]
    assert all(row["sqnr_db"] > 110 for row in found["rows"])
    assert (found["unmatched"], found["evidence"], found["keeps_db"]) == ([], "host", 110)
    assert found["note"].startswith("the artifact with its inner values as further outputs; its")


def test_a_layer_with_other_weights_is_the_first_that_is_off(tmp_path):
    found = compared(tmp_path, built(tmp_path / "b", WEIGHTS * (np.arange(10) != 3)))
    figures = {row["layer"]: row["sqnr_db"] for row in found["rows"]}
    assert figures["conv1"] > 110 and figures["relu1"] > 110
    assert figures["conv2"] < 30 and figures["sigmoid"] < 60
    worst = max(found["rows"], key=lambda row: layers.loss_db(row, found["keeps_db"]))
    assert worst["layer"] == "conv2"


def test_halved_weights_are_not_held_against_the_layers(tmp_path):
    found = compared(tmp_path, built(tmp_path / "b", compress_to_fp16=True))
    assert found["keeps_db"] == 50
    assert all(50 < row["sqnr_db"] < 110 for row in found["rows"])


def test_names_that_became_one_tensor_stand_for_the_last_of_them():
    x = ov.op.Parameter(ov.Type.f32, ov.Shape([1, 2]))
    relu = ov.opset8.relu(x)
    relu.output(0).set_names({"a", "b"})
    network = ov.Model([ov.opset8.sigmoid(relu)], [x])
    pairs = {n: layers_openvino.Counterpart(name=n) for n in ("a", "b", "gone")}
    assert layers_openvino._give_out(network, pairs) == {"b": 1}
    assert len(network.outputs) == 2


def test_a_weaker_instruction_set_gives_other_answers(tmp_path):
    """SSE4.1 rounds sums differently from whatever this machine has; the network is the same."""
    found = ran(tmp_path / "run", built(tmp_path / "b"), isa="SSE41")
    actual = dataset.load(found["actual"])["outputs"]["mask"]
    weakest = dataset.load(found["weakest"])["outputs"]["mask"]
    assert (actual != weakest).any()
    assert agreement.sqnr(actual, weakest) > 110


def test_without_an_instruction_set_or_on_a_machine_without_it_nothing_is_run(
    tmp_path, monkeypatch
):
    def reason(name, isa):
        found = ran(tmp_path / name, ports, isa=isa)["weakest"]
        groups = dataset.load(found)
        assert set(groups) == {"unproven"}
        return groups["unproven"]["reason"].tolist()

    ports = built(tmp_path / "b")
    assert reason("none", None) == ["the target declares no `isa`"]
    monkeypatch.setattr(runtime.isa, "lacking", lambda name: ["amx_tile", "amx_int8"])
    assert reason("weak", "AVX512_CORE_AMX") == ["this machine lacks amx_tile, amx_int8"]


def test_nothing_is_claimed_of_a_process_that_did_not_keep_to_it(tmp_path):
    """This process chose its kernels by what the machine has."""
    ports = built(tmp_path / "b")
    facts = {"isa": "SSE41", **{name: contract.to_json() for name, contract in FACTS.items()}}
    job = {"inputs": {port: str(path) for port, path in ports.items()}, "facts": facts}
    runtime.work(json.dumps({**job, "threads": 1, "output": str(tmp_path / "weakest.npz")}))
    groups = dataset.load(tmp_path / "weakest.npz")
    assert set(groups) == {"unproven"}
    assert groups["unproven"]["reason"][0].startswith(
        "OpenVINO does not keep to SSE41: it took brg"
    )
