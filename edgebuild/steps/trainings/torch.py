"""A training that makes a model's weights, with torch on the CPU, so that they can be made again.

The function is called as `function(outputs={"weights": Path, "record": Path}, seed=7, log=print)`.
It writes the weights with `safetensors.torch.save_file` and, as JSON, a record of what was done
(data, epochs, losses, scores). It runs with `threads` threads and torch's deterministic algorithms;
the bytes depend on the CPU's instruction set and on the number of threads.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from edgebuild.formats import weights
from edgebuild.step import Call, File, ProjectFile, StepKind, param
from edgebuild.steps import examples, user_code
from edgebuild.steps.user_code import UserCodeError


@dataclass(frozen=True, kw_only=True)
class Params:
    """Which function, and what it starts from."""

    file: File = param("Python file that has the function")
    function: str = param("name of the function", "train")
    seed: int = param("seed of all random numbers", 0, minimum=0)
    threads: int = param("number of CPU threads", 2, minimum=1)
    modules: tuple[File, ...] = param("more Python files that the file imports", ())


def run(call: Call) -> None:
    """Train; keep the weights if they are finite numbers in a safetensors file."""
    import torch

    params: Params = call.params
    torch.set_num_threads(params.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(params.seed)
    with user_code.attribute(call, params.function) as function:
        function(
            outputs={port: call.outputs[port] for port in ("weights", "record")},
            seed=params.seed,
            log=_log,
        )
    _check_weights(call.outputs["weights"])
    _check_record(call.outputs["record"])


def _log(*words: object) -> None:
    sys.stderr.write(" ".join(map(str, words)) + "\n")


def _check_weights(path: Path) -> None:
    if not path.exists():
        raise UserCodeError(
            "the training wrote no weights",
            hint='safetensors.torch.save_file(network.state_dict(), outputs["weights"])',
        )
    weights.load(path)


def _check_record(path: Path) -> None:
    """The record again with sorted keys, so that equal records are equal bytes."""
    if not path.exists():
        raise UserCodeError(
            "the training wrote no record",
            hint='outputs["record"].write_text(json.dumps({"epochs": ..., "loss": ...}))',
        )
    try:
        record = json.loads(path.read_text())
    except ValueError as error:
        raise UserCodeError(f"the training's record is not JSON: {error}") from error
    path.write_text(json.dumps(record, indent=1, sort_keys=True))


_EXAMPLE = """
import json
import torch
from safetensors.torch import save_file

def train(outputs, seed, log):
    layer = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    x = torch.rand(64, 3)
    for step in range(20):
        loss = ((layer(x) - x.sum(1, keepdim=True)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        log("loss", float(loss))
    save_file(layer.state_dict(), outputs["weights"])
    outputs["record"].write_text(json.dumps({"seed": seed, "loss": float(loss)}))
"""


def example(folder: Path) -> Call:
    """A linear layer learns a sum."""
    (folder / "fit.py").write_text(_EXAMPLE)
    return examples.call(
        folder,
        KIND,
        params=Params(file=ProjectFile(path="fit.py")),
        inputs={"file": folder / "fit.py"},
    )


KIND = StepKind(
    role="training",
    run=run,
    tools="torch",
    produces={"weights": "weights.safetensors", "record": "training.json"},
    params=Params,
    platform=("isa", "threads"),
    code=("edgebuild.nn",),
    time_limit_s=1800,
)
