"""A network that exists as a torch module in a Python file of the project.

`class` is built without arguments, given the weights (safetensors only: a pickle can run code), put
in eval mode and exported with the manifest's inputs. `forward` gets them by name where its
parameters have their names, else in their order; it returns a tensor, a tuple in the order of the
manifest's outputs, or a dict by their names. The export must have the asked opset and answer as the
module does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from edgebuild.errors import EdgebuildError
from edgebuild.formats import onnx_contract, onnx_file, onnx_run, weights
from edgebuild.step import Call, Contract, File, ProjectFile, StepKind, param
from edgebuild.steps import agreement, examples, user_code

if TYPE_CHECKING:
    import onnx
    import torch

Exporter = Literal["dynamo", "torchscript"]
LOWEST_SQNR_DB = 60.0  # of the export against the module; float32 rounding alone is above 100


class TorchSourceError(EdgebuildError):
    """A module that cannot be exported as its manifest says."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """Which class, which weights, and how to export them."""

    file: File = param("Python file that has the class")
    class_: str = param("name of the class, a torch.nn.Module")
    weights: File | None = param("weights, a safetensors file; without it, as initialised", None)
    exporter: Exporter = param("torch's exporter: dynamo (opset 18 on) or torchscript", "dynamo")
    opset: int = param("opset of the ONNX to export", 18, minimum=7)
    modules: tuple[File, ...] = param("more Python files that the file imports", ())


def run(call: Call) -> None:
    """Build, load, export, compare, write as canonical bytes."""
    import torch

    params: Params = call.params
    contract = Contract.from_json(call.facts["contract"])
    torch.set_num_threads(call.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(0)
    with user_code.attribute(call, params.class_) as class_, torch.no_grad():
        network = _built(class_, call.inputs.get("weights"), params.class_)
        tensors = _tensors(contract)
        arguments = _ordered(network, tensors)
        answers = _answers(network(*arguments.values()), contract)
        path = call.folder / "exported.onnx"
        torch.onnx.export(
            network,
            tuple(arguments.values()),
            str(path),
            dynamo=params.exporter == "dynamo",
            opset_version=params.opset,
            input_names=list(arguments),
            output_names=list(answers),
            external_data=False,
            **({"verbose": False} if params.exporter == "dynamo" else {}),
        )
    model = onnx_file.load(path)
    _check_opset(model, params)
    onnx_contract.fix(model, contract, f"the export of {params.class_}")
    agreement.require(
        {name: answer.numpy() for name, answer in answers.items()},
        onnx_run.run(onnx_run.session(model), {n: t.numpy() for n, t in tensors.items()}),
        sqnr_db=LOWEST_SQNR_DB,
        what=f"torch's {params.exporter} exporter",
    )
    onnx_file.save(model, call.outputs["model"])


def _built(class_: Callable[..., Any], path: Path | None, name: str) -> torch.nn.Module:
    import torch

    network = class_()
    if not isinstance(network, torch.nn.Module):
        raise TorchSourceError(f"`{name}` is not a torch.nn.Module")
    if path is not None:
        state = weights.load(path)
        own = network.state_dict()
        problems = [f"`{key}` is missing" for key in own if key not in state]
        problems += [f"`{key}` is not in the network" for key in state if key not in own]
        problems += [
            f"`{key}` has shape {list(state[key].shape)}, the network {list(own[key].shape)}"
            for key in own
            if key in state and state[key].shape != own[key].shape
        ]
        if problems:
            more = [f"and {len(problems) - 10} more"] if len(problems) > 10 else []
            raise TorchSourceError(
                f"{path.name} are not the weights of `{name}`",
                fields={str(i): line for i, line in enumerate([*problems[:10], *more], 1)},
                hint="train it again, or give the weights of this version of the network",
            )
        network.load_state_dict(state)
    return network.eval()


def _tensors(contract: Contract) -> dict[str, torch.Tensor]:
    """Inputs to trace with: the same for every export."""
    import torch

    arrays = onnx_run.random_inputs(contract)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _ordered(
    network: torch.nn.Module, tensors: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """In the order of `forward`'s parameters, where they are the inputs' names."""
    import inspect

    names = [
        p.name
        for p in inspect.signature(network.forward).parameters.values()
        if p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    if set(names) == set(tensors):
        return {name: tensors[name] for name in names}
    return dict(tensors)


def _answers(returned: Any, contract: Contract) -> dict[str, torch.Tensor]:
    """What the module returned, by output name and in the order it was returned in."""
    import torch

    if isinstance(returned, Mapping):
        answers = dict(returned)
    else:
        values = [returned] if isinstance(returned, torch.Tensor) else list(returned)
        if len(values) != len(contract.outputs):
            raise TorchSourceError(
                f"forward returns {len(values)} tensors, the manifest declares "
                f"{len(contract.outputs)} outputs",
                fields={"outputs": ", ".join(contract.outputs)},
            )
        answers = dict(zip(contract.outputs, values, strict=True))
    if set(answers) != set(contract.outputs):
        raise TorchSourceError(
            "forward returns other outputs than the manifest declares",
            fields={"returned": ", ".join(answers), "declared": ", ".join(contract.outputs)},
        )
    return answers


def _check_opset(model: onnx.ModelProto, params: Params) -> None:
    has = onnx_file.opset(model)
    if has != params.opset:
        raise TorchSourceError(
            f"torch's {params.exporter} exporter gives opset {has}, not {params.opset}",
            hint=f"ask for `opset: {has}` and let the pass `set_opset` convert it, or use "
            "`exporter: torchscript`",
        )


_EXAMPLE = """
import torch
from blocks import Block

class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = Block(3, 5), torch.nn.Conv2d(5, 2, 1)

    def forward(self, image):
        return torch.sigmoid(self.last(self.first(image)))
"""
_BLOCKS = """
import torch

class Block(torch.nn.Sequential):
    def __init__(self, i, o):
        norm = torch.nn.BatchNorm2d(o)
        super().__init__(torch.nn.Conv2d(i, o, 3, padding=1), norm, torch.nn.ReLU())
"""


def example(folder: Path) -> Call:
    """A small segmentation network of two files, as initialised."""
    (folder / "network.py").write_text(_EXAMPLE)
    (folder / "blocks.py").write_text(_BLOCKS)
    return examples.call(
        folder,
        KIND,
        params=Params(file=ProjectFile(path="network.py"), class_="Network"),
        facts={"contract": examples.CONTRACT.to_json()},
        inputs={"file": folder / "network.py", "modules.0": folder / "blocks.py"},
    )


KIND = StepKind(
    role="source",
    run=run,
    tools="torch",
    produces={"model": "model.onnx"},
    params=Params,
    facts=("contract",),
    platform=("isa",),  # exporters fold constants with the CPU's arithmetic
    code=("edgebuild.nn",),
)
