import pickle

import numpy as np
import pytest
import stepcall
import torch
from safetensors.torch import save_file

from edgebuild.formats import onnx_contract, onnx_file, onnx_run
from edgebuild.formats.contract_file import ContractError
from edgebuild.formats.weights import WeightsError
from edgebuild.step import Contract, ProjectFile, Tensor
from edgebuild.steps.agreement import AgreementError
from edgebuild.steps.sources import torch as source
from edgebuild.steps.sources.torch import TorchSourceError
from edgebuild.steps.user_code import UserCodeError

pytestmark = pytest.mark.filterwarnings("default")  # torch's own, which go to a step's log

NETWORK = """
import torch

class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(2, 3, 3)
        self.norm = torch.nn.BatchNorm2d(3)
        self.drop = torch.nn.Dropout(0.5)

    def forward(self, image, angle):
        y = self.drop(self.norm(self.conv(image)))
        return y * angle[:, :1, None, None], angle + 1
"""
CONTRACT = Contract(
    inputs={"image": Tensor(shape=(1, 2, 6, 6)), "angle": Tensor(shape=(1, 2))},
    outputs={"y": Tensor(shape=(1, 3, 4, 4)), "next": Tensor(shape=(1, 2))},
)


def export(folder, code=NETWORK, contract=CONTRACT, weights=None, **params):
    folder.mkdir(exist_ok=True)
    (folder / "network.py").write_text(code)
    inputs = {"file": folder / "network.py"}
    if weights is not None:
        inputs["weights"] = weights
    params = source.Params(
        file=ProjectFile(path="network.py"),
        **{"class_": "Network", "exporter": "torchscript", "opset": 13, **params},
    )
    return stepcall.run(source, folder / "step", inputs, params=params, contract=contract)["model"]


def refused(error_class, folder, **options):
    with pytest.raises(error_class) as error:
        export(folder, **options)
    return str(error.value)


@pytest.mark.parametrize(("exporter", "opset"), [("torchscript", 13), ("dynamo", 18)])
def test_names_order_opset_and_values(tmp_path, exporter, opset):
    model = onnx_file.load(export(tmp_path, exporter=exporter, opset=opset))
    assert onnx_contract.of_model(model) == CONTRACT
    assert onnx_file.opset(model) == opset
    feeds = onnx_run.random_inputs(CONTRACT, seed=5)
    found = onnx_run.run(onnx_run.session(model), feeds)
    torch.manual_seed(0)
    scope = {}
    exec(NETWORK, scope)
    network = scope["Network"]().eval()
    with torch.no_grad():
        wanted = network(*(torch.from_numpy(a) for a in feeds.values()))
    assert np.allclose(found["y"], wanted[0].numpy(), atol=1e-5)
    assert np.allclose(found["next"], wanted[1].numpy())


def test_the_folder_does_not_show_in_the_bytes(tmp_path):
    first = export(tmp_path / "a", exporter="dynamo", opset=18).read_bytes()
    second = export(tmp_path / "another place", exporter="dynamo", opset=18).read_bytes()
    assert first == second
    assert str(tmp_path).encode() not in first and b"network.py" not in first


def test_inputs_by_name_of_forwards_parameters(tmp_path):
    turned = Contract(inputs=dict(reversed(CONTRACT.inputs.items())), outputs=CONTRACT.outputs)
    model = onnx_file.load(export(tmp_path, contract=turned))
    assert [v.name for v in model.graph.input] == ["angle", "image"]


@pytest.mark.parametrize(("exporter", "opset"), [("torchscript", 13), ("dynamo", 18)])
def test_inputs_by_order_and_outputs_by_name(tmp_path, exporter, opset):
    code = NETWORK.replace("image", "x")  # not a name of the manifest
    code = code.replace("return y * angle[:, :1, None, None], angle + 1", "")
    code += "        return {'y': y * angle[:, :1, None, None], 'next': angle + 1}\n"
    turned = Contract(inputs=CONTRACT.inputs, outputs=dict(reversed(CONTRACT.outputs.items())))
    made = export(tmp_path, code, contract=turned, exporter=exporter, opset=opset)
    model = onnx_file.load(made)
    assert [v.name for v in model.graph.output] == ["next", "y"]


def test_weights_are_those_of_the_file(tmp_path):
    scope = {}
    exec(NETWORK, scope)
    torch.manual_seed(99)
    save_file(scope["Network"]().state_dict(), tmp_path / "w.safetensors")
    trained = export(tmp_path / "a", weights=tmp_path / "w.safetensors").read_bytes()
    initial = export(tmp_path / "b").read_bytes()
    assert trained != initial


def test_other_weights_are_refused_by_name(tmp_path):
    state = {"conv.weight": torch.zeros(3, 2, 5, 5), "extra": torch.zeros(1)}
    save_file(state, tmp_path / "w.safetensors")
    text = refused(TorchSourceError, tmp_path / "a", weights=tmp_path / "w.safetensors")
    assert text.startswith("error: w.safetensors are not the weights of `Network`\n")
    assert "`conv.bias` is missing" in text
    assert "`extra` is not in the network" in text
    assert "`conv.weight` has shape [3, 2, 5, 5], the network [3, 2, 3, 3]" in text


@pytest.mark.parametrize("form", ["zip", "plain"])
def test_pickles_are_never_read(tmp_path, form):
    class Bomb:
        def __reduce__(self):
            return (exec, ("raise SystemExit('it ran')",))

    path = tmp_path / "w.safetensors"
    if form == "zip":
        torch.save({"a": torch.zeros(1)}, path)
    else:
        path.write_bytes(pickle.dumps(Bomb()))
    text = refused(WeightsError, tmp_path / "a", weights=path)
    assert text.startswith("error: w.safetensors is a pickle, which can run code when it is read")
    path.write_bytes(b"\xff" * 100)
    assert "is not a safetensors file" in refused(WeightsError, tmp_path / "b", weights=path)


def test_weights_that_are_not_finite_are_refused(tmp_path):
    save_file({"conv.weight": torch.full((1,), torch.nan)}, tmp_path / "w.safetensors")
    text = refused(WeightsError, tmp_path / "a", weights=tmp_path / "w.safetensors")
    assert "`conv.weight` has values that are not finite" in text


def test_an_opset_the_exporter_does_not_reach_is_refused(tmp_path):
    assert refused(TorchSourceError, tmp_path, exporter="dynamo", opset=13) == (
        "error: torch's dynamo exporter gives opset 18, not 13\n"
        "hint: ask for `opset: 18` and let the pass `set_opset` convert it, or use "
        "`exporter: torchscript`"
    )


def test_outputs_that_are_not_declared(tmp_path):
    one = Contract(inputs=CONTRACT.inputs, outputs={"y": CONTRACT.outputs["y"]})
    assert refused(TorchSourceError, tmp_path / "a", contract=one) == (
        "error: forward returns 2 tensors, the manifest declares 1 outputs\n  outputs  y"
    )
    wrong = Contract(
        inputs=CONTRACT.inputs,
        outputs={**CONTRACT.outputs, "y": Tensor(shape=(1, 3, 5, 5))},
    )
    text = refused(ContractError, tmp_path / "b", contract=wrong)
    assert "output `y` has shape [1, 3, 4, 4], declared [1, 3, 5, 5]" in text


def test_an_export_that_computes_something_else_is_caught(tmp_path):
    code = NETWORK.replace("angle + 1", "angle + (1 if torch.onnx.is_in_onnx_export() else 2)")
    text = refused(AgreementError, tmp_path, code=code)
    assert text.startswith("error: torch's torchscript exporter changed what the model computes\n")
    assert "output  next" in text


def test_mistakes_in_the_file_name_their_line(tmp_path):
    text = refused(UserCodeError, tmp_path / "a", class_="Netwrk")
    assert (
        text == "error: network.py has no function or class `Netwrk`\nhint: did you mean `Network`?"
    )
    code = NETWORK.replace("Conv2d(2, 3, 3)", "Conv2d(5, 3, 3)")
    text = refused(UserCodeError, tmp_path / "b", code=code)
    assert text.startswith("error: network.py failed: RuntimeError: ")
    assert "--> network.py:12:1" in text and "self.conv(image)" in text
    text = refused(TorchSourceError, tmp_path / "c", code="def Network():\n    return 5\n")
    assert text == "error: `Network` is not a torch.nn.Module"
