import numpy as np
import onnx
import pytest
import stepcall
from onnx import numpy_helper

from edgebuild.formats import layers, onnx_file
from edgebuild.qnn import QnnError
from edgebuild.qnn.compile import RefusedError
from edgebuild.qnn.refusals import Refusal
from edgebuild.steps import examples
from edgebuild.steps.backends import qnn_dlc
from edgebuild.steps.probes import layers_qnn_htp
from edgebuild.steps.runtimes import qnn_htp, reference

SM8250, SM8550 = {"soc_model": 21}, {"soc_model": 43}
NOTE = "a debugging build of the same graph, not the DLC itself; its outputs are the artifact's"

pytestmark = pytest.mark.filterwarnings("default")


def compared(folder, model, device):
    """The layers of `model` against those of the tiny model, and what it answered on three images."""
    folder.mkdir(exist_ok=True)
    source = examples.write_model(folder / "source.onnx")
    contracts = {"contract": examples.CONTRACT, "source_contract": examples.CONTRACT}
    built = stepcall.run(
        qnn_dlc,
        folder / "build",
        {"model": model},
        params=qnn_dlc.Params(),
        contract=examples.CONTRACT,
        device=device,
    )
    ports = {
        "model": model,
        "dlc": built["dlc"],
        "source_model": source,
        "evaluation": examples.images(folder / "e.npz"),
    }
    ports |= stepcall.run(reference, folder / "reference", ports, **contracts)
    ports |= stepcall.run(qnn_htp, folder / "run", ports, **contracts, device=device)
    made = stepcall.run(
        layers_qnn_htp,
        folder / "layers",
        ports,
        model_contract=examples.CONTRACT,
        source_contract=examples.CONTRACT,
        device=device,
    )
    return layers.load(made["layers"])


def test_a_quantised_graph_is_read_by_its_scales(tmp_path, quantised):
    found = compared(tmp_path / "a", quantised, SM8250)
    assert [(r["name"], r["layer"], r["includes"]) for r in found["rows"]] == [
        ("r1", "relu1", ["conv1"]),
        ("mask", "sigmoid", ["conv2"]),
    ]
    assert found["unmatched"] == ["c1", "c2"]
    assert all(20 < row["sqnr_db"] < 60 for row in found["rows"])
    assert (found["evidence"], found["samples"], found["keeps_db"]) == ("emulated", 1, 30)
    assert found["note"] == NOTE


def test_an_activation_with_a_wrong_scale_is_named(tmp_path, quantised):
    model = onnx_file.load(quantised, vendor_domains=qnn_dlc.VENDOR_DOMAINS)
    scale = next(t for t in model.graph.initializer if t.name == "r1_scale")
    value = numpy_helper.to_array(scale) / np.float32(8)
    scale.CopyFrom(numpy_helper.from_array(value, "r1_scale"))
    onnx_file.save(model, tmp_path / "broken.onnx")
    found = compared(tmp_path / "a", tmp_path / "broken.onnx", SM8250)
    worst = max(found["rows"], key=lambda row: layers.loss_db(row, found["keeps_db"]))
    assert (worst["layer"], worst["includes"]) == ("relu1", ["conv1"])
    assert worst["sqnr_db"] < 10


def test_a_graph_of_floats(tmp_path):
    model = examples.write_model(tmp_path / "model.onnx")
    found = compared(tmp_path / "a", model, SM8550)
    assert [row["name"] for row in found["rows"]] == ["c1", "r1", "mask"]
    assert all(row["sqnr_db"] > 40 for row in found["rows"])


def refusing(monkeypatch, refuse):
    """The compiler refuses builds that give out what `refuse` is true of."""
    compile_dlc = layers_qnn_htp.compile_dlc

    def compile(model, soc, folder):
        names = {value.name for value in onnx.load_from_string(model).graph.output}
        if refuse(names):
            reason = "no such output"
            raise RefusedError([Refusal(name="conv1", op="Conv", reason=reason)], "refused")
        return compile_dlc(model, soc, folder)

    monkeypatch.setattr(layers_qnn_htp, "compile_dlc", compile)


def test_a_build_that_is_refused_is_split_and_what_is_lost_is_named(tmp_path, monkeypatch):
    refusing(monkeypatch, lambda names: "c1" in names)
    model = examples.write_model(tmp_path / "model.onnx")
    found = compared(tmp_path / "a", model, SM8550)
    assert [row["name"] for row in found["rows"]] == ["r1", "mask"]
    assert found["unmatched"] == ["c1", "c2"]
    assert found["note"].startswith(
        "a debugging build of the same graph, not the DLC itself; refused with `c1` as outputs: "
        "conv1 (Conv): no such output; its outputs "
    )


def test_as_many_builds_as_the_chip_takes(tmp_path, monkeypatch):
    refusing(monkeypatch, lambda names: {"c1", "r1"} <= names)
    model = examples.write_model(tmp_path / "model.onnx")
    found = compared(tmp_path / "a", model, SM8550)
    assert [row["name"] for row in found["rows"]] == ["c1", "r1", "mask"]
    assert found["note"] == f"2 debugging builds{NOTE.removeprefix('a debugging build')}"


def test_few_samples_get_one_build_of_every_nth_tensor(tmp_path, monkeypatch):
    monkeypatch.setattr(layers_qnn_htp, "_MOST_TENSORS", 2)
    model = examples.write_model(tmp_path / "model.onnx")
    found = compared(tmp_path / "a", model, SM8550)
    assert [row["name"] for row in found["rows"]] == ["c1", "mask"]
    assert found["rows"][1]["includes"] == ["relu1", "conv2"]
    assert found["note"].startswith(
        "a debugging build of the same graph, not the DLC itself; one in 2 of its tensors; its "
    )


def test_much_data_gets_as_many_builds_as_there_have_to_be(tmp_path, monkeypatch):
    monkeypatch.setattr(layers_qnn_htp, "_MOST_TENSORS", 2)
    monkeypatch.setattr(layers_qnn_htp, "_LONG", 3)
    model = examples.write_model(tmp_path / "model.onnx")
    found = compared(tmp_path / "a", model, SM8550)
    assert [row["name"] for row in found["rows"]] == ["c1", "r1", "mask"]
    assert found["note"].startswith("2 debugging builds of the same graph, not the DLC itself; its")


def test_a_chip_that_takes_no_debugging_build_at_all(tmp_path, monkeypatch):
    refusing(monkeypatch, lambda names: True)
    model = examples.write_model(tmp_path / "model.onnx")
    found = compared(tmp_path / "a", model, SM8550)
    assert (found["rows"], found["unmatched"]) == ([], ["c1", "r1", "c2", "mask"])
    assert found["note"] == (
        "no debugging build; refused with `c1`, `r1`, `mask` as outputs: "
        "conv1 (Conv): no such output"
    )


def test_reasons_of_the_emulator_are_told():
    error = QnnError("the emulated HTP cannot prepare the graph", fields={"QNN says": "too large"})
    assert layers_qnn_htp._reason(error) == "the emulated HTP cannot prepare the graph: too large"
    error = RefusedError([], "two  files")
    assert layers_qnn_htp._reason(error) == "two files"
