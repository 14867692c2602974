"""Layers of a DLC against the source's, by a debugging build of its graph on QNN's emulator of the HTP.

A DLC gives its inner tensors to nobody. So what the backend compiled is compiled once more, for the same chip
and as strictly, with the tensors that the source has too as further outputs: of a quantised graph the
stored integers, read by their scales. A build has no more of them than the HTP prepares quickly; where the
evaluation data is short, and a second build would take longer than running it, there is one, of every
n-th tensor. What only an activation reads stays inside: the HTP computes the two as one and rounds once,
but twice if somebody looks between them.

The note says how well the debugging build answers as the DLC does. A build that is refused is split in two,
and so on; what no build gives out is named in the note.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats import dataset, dlc, layers, onnx_values
from edgebuild.formats.onnx_values import Value
from edgebuild.qnn import QnnError, stored
from edgebuild.qnn.compile import RefusedError, compile_dlc
from edgebuild.qnn.emulator import emulate
from edgebuild.qnn.socs import Soc, soc_of
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]

MOST_SAMPLES = 2
_MOST_TENSORS = 130  # preparing takes 1 s more for 85 of them, 5 s for 170
_MOST_BUILDS = 4
_LONG = 16  # samples; for fewer there is one build
_ACTIVATIONS = frozenset(
    {"Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "PRelu", "Sigmoid", "Tanh"}
)
_PARTS = 8  # a build with fewer than this share of all tensors is not split any more
_SHOWN = 4


def run(call: Call) -> None:
    """Choose tensors, build, compare."""
    data = call.inputs["model"].read_bytes()
    source = onnx_values.read(call.inputs["source_model"].read_bytes())
    pairs = onnx_values.counterparts(source, onnx_values.read(data))
    outputs = onnx_values.outputs(data)
    inside = _inside(source)
    tensors = {
        name: pair.name if pair.name in outputs else pair.stored or pair.name
        for name, pair in pairs.items()
        if name in outputs or name not in inside
    }
    samples = dataset.length(dataset.load(call.inputs["evaluation"]))
    room = _MOST_TENSORS * (1 if samples < _LONG else _MOST_BUILDS)
    step = math.ceil(len(tensors) / room)
    kept = [n for i, n in enumerate(tensors) if i % step == 0 or n in outputs]
    builds = _Builds(data, {n: tensors[n] for n in kept}, soc_of(call.facts["device"]), call.folder)
    artifact = layers.Artifact(
        execute=builds.execute,
        contract=Contract.from_json(call.facts["model_contract"]),
        arithmetic=onnx_values.arithmetic(data),
        evidence="emulated",
        note=lambda: builds.note() + (f"; one in {step} of its tensors" if step > 1 else ""),
    )
    layers.compare(call, artifact, most=MOST_SAMPLES)


def _inside(source: Sequence[Value]) -> set[str]:
    """Values that nothing but an activation reads; Relu and Clip round as well before as behind."""
    readers: dict[str, set[str]] = {}
    for value in source:
        for name in value.inputs:
            readers.setdefault(name, set()).add(value.op)
    return {name for name, ops in readers.items() if ops <= _ACTIVATIONS}


@dataclass(frozen=True, kw_only=True)
class _Build:
    """A DLC with more outputs. `tensors` says what it calls the source's values."""

    path: Path
    graph: dlc.Graph
    tensors: Mapping[str, str]


class _Builds:
    """The debugging builds: as few as the compiler and the chip take."""

    def __init__(self, model: bytes, tensors: Mapping[str, str], soc: Soc, folder: Path) -> None:
        self.model, self.soc, self.folder = model, soc, folder
        names = list(tensors)
        size = math.ceil(len(names) / math.ceil(len(names) / _MOST_TENSORS)) if names else 1
        groups = [names[i : i + size] for i in range(0, len(names), size)]
        self.todo = [{name: tensors[name] for name in group} for group in groups]
        self.fewest = len(tensors) / _PARTS
        self.done: list[_Build] = []
        self.refused: list[str] = []
        self.reason = ""

    def execute(self, feeds: Arrays) -> Arrays:
        """One sample through all of them; the first one finds out which there have to be."""
        found: Arrays = {}
        for build in self.done:
            found |= self._run(build, feeds)
        while self.todo:
            tensors = self.todo.pop(0)
            try:
                build = self._compile(tensors)
                found |= self._run(build, feeds)
            except (RefusedError, QnnError) as error:
                self._split(tensors, error)
            else:
                self.done.append(build)
        return found

    def note(self) -> str:
        """What was built, and what was refused."""
        builds = {0: "no debugging build", 1: "a debugging build"}
        parts = [builds.get(len(self.done), f"{len(self.done)} debugging builds")]
        if self.done:
            parts[0] += " of the same graph, not the DLC itself"
        if self.refused:
            shown = ", ".join(f"`{name}`" for name in self.refused[:_SHOWN])
            more = f" and {len(self.refused) - _SHOWN} more" if len(self.refused) > _SHOWN else ""
            parts.append(f"refused with {shown}{more} as outputs: {self.reason}")
        return "; ".join(parts)

    def _compile(self, tensors: dict[str, str]) -> _Build:
        number = sum(1 for _ in self.folder.iterdir())
        place = self.folder / f"debugging-{number}"
        place.mkdir()
        model = onnx_values.exposed(self.model, tensors.values())
        compiled = compile_dlc(model, self.soc, place)
        path = place / "debugging.dlc"
        path.write_bytes(compiled.dlc)
        return _Build(path=path, graph=dlc.read(compiled.dlc).graphs[0], tensors=tensors)

    def _run(self, build: _Build, feeds: Arrays) -> Arrays:
        known = build.graph.tensors
        given = {name: stored.store(array, known[name]) for name, array in feeds.items()}
        with emulate(build.path, build.graph, self.soc) as execute:
            found = execute(given)
        return {
            name: stored.restore(found[tensor], known[tensor])
            for name, tensor in build.tensors.items()
        }

    def _split(self, tensors: dict[str, str], error: RefusedError | QnnError) -> None:
        self.reason = self.reason or _reason(error)
        names = list(tensors)
        if len(names) <= max(1.0, self.fewest):
            self.refused += names
            return
        middle = len(names) // 2
        halves = (names[:middle], names[middle:])
        self.todo[:0] = [{name: tensors[name] for name in half} for half in halves]


def _reason(error: RefusedError | QnnError) -> str:
    if isinstance(error, QnnError):
        said = error.fields.get("QNN says") if error.fields else ""
        return ": ".join(filter(None, (error.message, said)))
    if error.found:
        first = error.found[0]
        return f"{first.name} ({first.op}): {first.reason or 'not taken by the HTP'}"
    return " ".join(error.message.split())


def example(folder: Path) -> Call:
    """The tiny model, for a chip with floats."""
    device = {"vendor": "Qualcomm", "soc": "SM8550", "soc_model": 43}
    return examples.call(folder, KIND, facts={"device": device})


KIND = StepKind(
    role="probe",
    run=run,
    tools="qnn",
    consumes=("model", *layers.CONSUMES),
    produces={"layers": "layers.json"},
    facts=("model_contract", "source_contract", "device"),
    platform=("isa",),
    time_limit_s=1800,
)
