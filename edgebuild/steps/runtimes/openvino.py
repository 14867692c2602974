"""Answers of an OpenVINO IR on this machine's CPU, in float32.

The CPU plugin computes in bfloat16 where it can unless it is told otherwise; here it is told so.

Where the target declares an `isa`, such as AVX2, `weakest` has the answers by no more than that instruction
set: 8-bit sums come out differently with and without VNNI. A process of its own computes them, since oneDNN
chooses once, by ONEDNN_MAX_CPU_ISA. Which kernels it took is looked at: what adds up has to keep to the
instruction set (what moves values, or treats each alone, may not, and gives the same), or nothing is
claimed. MLAS, which multiplies float32 matrices for OpenVINO, cannot be held to one; its layers are counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import edgebuild
from edgebuild.formats import answers, dataset, ir, ir_run, isa, naming
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples

# edgebuild comes last on the path: beside it lie libraries of another environment.
# Layers whose result depends on the order and width of sums.
_SUMS = ("Convolution", "Deconvolution", "FullyConnected", "MatMul", "RNNCell", "RNNSeq")
_FREE = "mlas"
_START = (
    "import importlib, sys; sys.path.append(sys.argv[1]); "
    "importlib.import_module(sys.argv[2]).work(sys.argv[3])"
)


def run(call: Call) -> None:
    """Every sample through the IR, fed as its contract asks; then once more, held to the target's `isa`."""
    job = {
        "inputs": {port: str(path) for port, path in call.inputs.items()},
        "facts": dict(call.facts),
        "threads": call.threads,
        "output": str(call.outputs["weakest"]),
    }
    dataset.save(call.outputs["actual"], _answers(job))
    wanted = call.facts["isa"]
    if wanted is None:
        _unproven(call.outputs["weakest"], "the target declares no `isa`")
    elif lacking := isa.lacking(wanted):
        _unproven(call.outputs["weakest"], f"this machine lacks {', '.join(lacking)}")
    else:
        root = str(Path(edgebuild.__file__).parents[1])
        subprocess.run(
            [sys.executable, "-I", "-c", _START, root, __name__, json.dumps(job)],
            env={**os.environ, isa.VARIABLE: wanted},
            check=True,
        )


def work(text: str) -> None:
    """The other process: the answers, if it is held to the instruction set."""
    import numpy as np

    job = json.loads(text)
    wanted, output = job["facts"]["isa"], Path(job["output"])
    xml, bin = (Path(job["inputs"][port]) for port in ("xml", "bin"))
    found = [k for op, k in ir_run.kernels(xml, bin, job["threads"]) if op in _SUMS]
    if too_much := isa.beyond(wanted, found):
        _unproven(output, f"OpenVINO does not keep to {wanted}: it took {', '.join(too_much)}")
        return
    answered = _answers(job)
    free = sum(_FREE in kernel for kernel in found)
    each = np.full(
        dataset.length(answered), free
    )  # a dataset has one of everything for each sample
    dataset.save(output, {**answered, "not_held": {"layers": each}})


def _answers(job: Mapping[str, Any]) -> dataset.Groups:
    inputs, facts = {port: Path(path) for port, path in job["inputs"].items()}, job["facts"]
    contract, source = (Contract.from_json(facts[c]) for c in ("contract", "source_contract"))
    xml, bin = inputs["xml"], inputs["bin"]
    names = naming.load(inputs.get("names"))
    outputs = list(ir.contract(ir.load(xml, bin), naming.own(contract, names)).outputs)
    data = dataset.load(inputs["evaluation"])
    infer = naming.translated(ir_run.executor(xml, bin, outputs, job["threads"]), names)
    return answers.answers(infer, data, source, contract)


def _unproven(path: Path, why: str) -> None:
    import numpy as np

    dataset.save(path, {"unproven": {"reason": np.array([why])}})


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    import openvino as ov

    network = ov.Core().read_model(str(examples.write_model(folder / "model.onnx")))
    ov.save_model(network, str(folder / "model.xml"), compress_to_fp16=False)
    inputs = {"xml": folder / "model.xml", "bin": folder / "model.bin"}
    return examples.call(folder, KIND, facts={"isa": "SSE41"}, inputs=inputs)


KIND = StepKind(
    role="runtime",
    run=run,
    tools="openvino",
    consumes=("xml", "bin", "evaluation", "names?"),
    produces={"actual": "actual.npz", "weakest": "weakest.npz"},
    facts=("contract", "source_contract", "isa"),
    platform=("isa",),
    evidence="host",
)
