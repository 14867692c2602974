import struct

import numpy as np
import openvino as ov
import pytest
import stepcall

from edgebuild.formats import contract_file, dataset, ir, placement
from edgebuild.steps import agreement, examples
from edgebuild.steps.backends import openvino_ir as backend
from edgebuild.steps.backends.openvino_ir import Params
from edgebuild.steps.runtimes import openvino as runtime


def build(folder, **params):
    folder.mkdir(exist_ok=True)
    model = examples.write_model(folder / "m.onnx")
    return stepcall.run(
        backend,
        folder / "step",
        {"model": model},
        params=Params(**params),
        contract=examples.CONTRACT,
    )


def expected(raw):
    """The tiny model's answers by arithmetic, float64."""
    tensor = examples.CONTRACT.inputs["image"]

    def weights(count):
        return ((np.arange(count) * 37 % 101) - 50) / 200

    x = (raw - np.reshape(tensor.mean, (1, 3, 1, 1))) / np.reshape(tensor.scale, (1, 3, 1, 1))
    padded = np.pad(x[0], ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    inner = np.einsum("chwij,ocij->ohw", windows, weights(135).reshape(5, 3, 3, 3))
    inner = np.maximum(inner + weights(5)[:, None, None], 0)
    return 1 / (1 + np.exp(-np.einsum("chw,oc->ohw", inner, weights(10).reshape(2, 5))))[None]


@pytest.mark.parametrize(("compress", "least_db"), [(False, 110), (True, 60)])
def test_the_ir_answers_as_the_network(tmp_path, compress, least_db):
    made = build(tmp_path, compress_to_fp16=compress)
    evaluation = examples.images(tmp_path / "e.npz")
    found = stepcall.run(
        runtime,
        tmp_path / "run",
        {"xml": made["xml"], "bin": made["bin"], "evaluation": evaluation},
        contract=examples.CONTRACT,
        source_contract=examples.CONTRACT,
        isa=None,
    )
    actual = dataset.load(found["actual"])["outputs"]["mask"]
    raw = dataset.load(evaluation)["inputs"]["image"].astype(np.float64)
    wanted = np.stack([expected(sample) for sample in raw])
    assert actual.dtype == np.float32
    assert least_db < agreement.sqnr(wanted, actual) < least_db + 60


def test_bytes_do_not_depend_on_what_the_process_did_before(tmp_path):
    first = build(tmp_path / "a")
    for _ in range(3):  # OpenVINO numbers its own nodes with one counter
        ov.Core().read_model(str(tmp_path / "a" / "m.onnx"))
    second = build(tmp_path / "another folder")
    for port in ("xml", "bin", "contract", "placement"):
        assert first[port].read_bytes() == second[port].read_bytes()
    text = first["xml"].read_text()
    assert str(tmp_path) not in text and "2026" not in text and "OpenVINO" not in text


def test_weights_compressed_to_half(tmp_path):
    full = build(tmp_path / "a")["bin"].stat().st_size
    half = build(tmp_path / "b", compress_to_fp16=True)["bin"].stat().st_size
    assert half == full // 2


def test_the_artifact_describes_itself(tmp_path):
    made = build(tmp_path)
    found = contract_file.load(made["contract"])
    assert contract_file.differences(examples.CONTRACT, found) == []
    stages = placement.load(made["placement"])
    assert [(s.op, s.engine, s.layer) for s in stages] == [
        ("Convolution", "CPU", "conv1"),
        ("Add", "CPU", "conv1"),
        ("ReLU", "CPU", "relu1"),
        ("Convolution", "CPU", "conv2"),
        ("Sigmoid", "CPU", "sigmoid"),
    ]


def test_order_of_inputs_and_outputs_is_openvinos_own(tmp_path):
    made = build(tmp_path)
    network = ov.Core().read_model(str(made["xml"]), str(made["bin"]))
    found = contract_file.load(made["contract"])
    assert [v.get_any_name() for v in network.inputs] == list(found.inputs)
    assert [v.get_any_name() for v in network.outputs] == list(found.outputs)


def test_openvino_takes_what_is_refused_here(tmp_path):
    """Why the checks exist: a trailing byte and a doubled id go through OpenVINO without a word."""
    made = build(tmp_path)
    with made["bin"].open("ab") as file:
        file.write(struct.pack("<f", 1.0))
    ov.Core().read_model(str(made["xml"]), str(made["bin"]))
    with pytest.raises(ir.IrError, match=r"4 bytes that no constant of model\.xml uses"):
        ir.load(made["xml"], made["bin"])


def test_a_model_openvino_cannot_take(tmp_path):
    data = examples.write_model(tmp_path / "m.onnx").read_bytes()
    assert data.count(b"\x07Sigmoid") == 1
    (tmp_path / "m.onnx").write_bytes(data.replace(b"\x07Sigmoid", b"\x07Sigmiod"))
    with pytest.raises(backend.OpenvinoError) as error:
        stepcall.run(
            backend,
            tmp_path / "step",
            {"model": tmp_path / "m.onnx"},
            params=Params(),
            contract=examples.CONTRACT,
        )
    assert error.value.message == "OpenVINO cannot convert this model"
    assert "Sigmiod" in error.value.fields["reason"]
