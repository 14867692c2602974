"""What every kind of step promises, tried on its own example."""

import dataclasses
import importlib
import os
import pkgutil
from pathlib import Path

import edgebuild.steps
from edgebuild.formats import contract_file, measurements
from edgebuild.step import Contract

_FOLDERS = ("sources", "data", "trainings", "passes", "backends", "runtimes", "probes", "checks")


def modules(environment):
    """Modules of edgebuild's own kinds that run in this tool environment, by `folder.name`."""
    found = {}
    for folder in _FOLDERS:
        package = importlib.import_module(f"{edgebuild.steps.__name__}.{folder}")
        for info in pkgutil.iter_modules(package.__path__):
            if not info.name.startswith("_"):
                module = importlib.import_module(f"{package.__name__}.{info.name}")
                if module.KIND.tools == environment:
                    found[f"{folder}.{info.name}"] = module
    return found


def run(module, folder, tools=Path()):
    """The example's call, done, and the bytes of its outputs."""
    folder.mkdir()
    call = dataclasses.replace(module.example(folder), tools=tools)
    before = Path.cwd()
    os.chdir(call.folder)  # as the engine does
    try:
        module.run(call)
    finally:
        os.chdir(before)
    return call, {port: path.read_bytes() for port, path in call.outputs.items()}


def check(module, folder, tools=Path()):
    """Run the example twice; AssertionError for a promise that is not kept."""
    kind = module.KIND
    call, first = run(module, folder / "once", tools)
    _, second = run(module, folder / "a longer path than before", tools)
    for port in kind.produces:
        if not kind.alone:  # what measures the machine never gives the same twice
            assert first[port] == second[port], f"`{port}` differs between two runs"
        assert str(folder).encode() not in first[port], f"`{port}` has the path of its folder"
    made = {path.name for path in (folder / "once" / "out").iterdir()}
    assert made == set(kind.produces.values())
    for port in kind.consumes:
        if port.endswith(".*"):
            assert any(name.startswith(port[:-1]) for name in call.inputs)
        elif not port.endswith("?"):
            assert port in call.inputs
    assert set(call.facts) == set(kind.facts), "the example gives facts the kind does not declare"
    if kind.role == "check":
        _check_metrics(module.__name__.rpartition(".")[2], kind, call)
    if kind.role == "pass":
        _check_model(kind, call)
    if kind.role == "backend":
        _check_artifact(kind, call)


def _check_metrics(name, kind, call):
    rows, _ = measurements.load(call.outputs["measurements"])
    found = {row.metric for row in rows}
    if kind.metrics:
        assert found == {f"{name}.{metric}" for metric in kind.metrics}
    assert found and all(metric.startswith(f"{name}.") for metric in found)


def _promised(kind, call):
    before = Contract.from_json(call.facts["contract"])
    return kind.contract(call.params, before) if kind.contract else before


def _check_model(kind, call):
    """What a pass says of the contract is what its model says."""
    if "model" in call.outputs and "contract" in call.facts:
        from edgebuild.formats import onnx_contract, onnx_file

        model = onnx_file.load(call.outputs["model"], vendor_domains={"com.microsoft"})
        found = onnx_contract.of_model(model)
        assert contract_file.differences(_promised(kind, call), found) == []


def _check_artifact(kind, call):
    found = contract_file.load(call.outputs["contract"])
    assert contract_file.differences(_promised(kind, call), found) == []
