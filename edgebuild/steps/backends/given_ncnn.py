"""An NCNN network (.param and .bin) that somebody else made: verified as it is, published byte by byte.

The text .param tells names only: shapes are those of its answers to zeros of the declared input shapes.
NCNN knows no batch; a leading 1 of a declared shape is not there for it. No recipe is applied to it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from edgebuild import step
from edgebuild.formats import contract_file, naming, ncnn_param, ncnn_run, placement
from edgebuild.formats.naming import Port
from edgebuild.step import Call, Contract, File, ProjectFile, StepKind
from edgebuild.steps import converted, examples, given
from edgebuild.steps.given import Interface


@dataclass(frozen=True, kw_only=True)
class Params(Interface):
    """The artifact, and how its interface differs from the manifest's."""

    param: File = step.param("the text .param, by path or by URL and sha256")
    weights: File = step.param("the .bin, by path or by URL and sha256")


def run(call: Call) -> None:
    """Check the files, find out the shapes, hold them to the manifest."""
    path, weights = call.inputs["param"], call.inputs["weights"]
    file = ncnn_param.load(path)
    net = ncnn_run.network(path, weights)
    ncnn_run.check_length(path, weights, call.folder)
    wanted = given.promised(call.params, Contract.from_json(call.facts["contract"]))
    inputs = [Port(names=(n,), shape=None, dtype="float32") for n in file.inputs]
    named = [Port(names=(n,), shape=None, dtype="float32") for n in file.outputs]
    promise, names = given.bind(path.name, inputs, named, call.params, wanted)
    shapes = _shapes(net, naming.own(promise, names))
    outputs = [Port(names=(n,), shape=shapes[n], dtype="float32") for n in file.outputs]
    found, names = given.bind(path.name, inputs, outputs, call.params, wanted)
    shutil.copyfile(path, call.outputs["param"])
    shutil.copyfile(weights, call.outputs["weights"])
    contract_file.save(call.outputs["contract"], found)
    naming.save(call.outputs["names"], names)
    placement.save(
        call.outputs["placement"],
        [
            placement.Stage(name=layer.name, op=layer.type, engine="CPU", layer=layer.name)
            for layer in file.layers
            if layer.type != "Input"
        ],
    )


def _shapes(net: object, own: Contract) -> dict[str, tuple[int, ...]]:
    """Of the outputs, by the network's own names."""
    import numpy as np

    execute = ncnn_run.executor(net, {n: t.shape for n, t in own.outputs.items()})
    found = execute({n: np.zeros(t.shape, np.float32) for n, t in own.inputs.items()})
    return {name: array.shape for name, array in found.items()}


def example(folder: Path) -> Call:
    """The tiny model, whose blobs have other names."""
    names = converted.NCNN_NAMES
    converted.write_ncnn(folder / "theirs.param", folder / "theirs.bin")
    return examples.call(
        folder,
        KIND,
        params=Params(
            param=ProjectFile(path="theirs.param"),
            weights=ProjectFile(path="theirs.bin"),
            names={own: ours for ours, own in {**names.inputs, **names.outputs}.items()},
        ),
        facts={"contract": examples.CONTRACT.to_json()},
        inputs={"param": folder / "theirs.param", "weights": folder / "theirs.bin"},
    )


KIND = StepKind(
    role="backend",
    run=run,
    tools="ncnn",
    produces={
        "param": "model.param",
        "weights": "model.bin",
        "contract": "contract.json",
        "names": "names.json",
        "placement": "placement.json",
    },
    params=Params,
    facts=("contract",),
    contract=given.promised,
    platform=("isa",),
    runtime="ncnn",
    probes={"timings": ("timings_ncnn",), "ranges": ()},
)
