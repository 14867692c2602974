"""The range of each value of the network over the evaluation data, and what of it the arithmetic loses.

Of each value that is quantised: how much of it lies beyond what its integers stand for, and how
much of that range it uses. Of each other float: whether it is a number. A network of float32 for a chip
that has float16 only is run with every value rounded to float16, as by runtime `onnx_fp16`. Of a
network of floats on a chip that has floats there is little to lose, so an eighth of the samples is looked at,
and those whose answers are not all numbers.

Looked at is the ONNX that the backend compiles, or the artifact where that is ONNX, node by node in ONNX
Runtime on this machine; what a compiler fuses or does otherwise is not seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats import (
    dataset,
    half_ranges,
    naming,
    onnx_file,
    onnx_quantisers,
    onnx_rounding,
    onnx_run,
    onnx_values,
)
from edgebuild.formats.feed import feed
from edgebuild.formats.value_range import ValueRange
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]

_SHARE, _FEWEST = 8, 4
_FLOATS = ("tensor(float)", "tensor(float16)", "tensor(double)")


def run(call: Call) -> None:
    """Every sample through a copy that gives its values out, or through the rounding model."""
    import onnx

    data = call.inputs["onnx" if "onnx" in call.inputs else "model"].read_bytes()
    model = onnx.load_model_from_string(data)
    evaluation = dataset.load(call.inputs["evaluation"])
    samples: Sequence[int] = range(dataset.length(evaluation))
    arithmetic = onnx_values.arithmetic(data)
    if call.facts["floats"] == "float16" and arithmetic == "float32":
        rows = _halves(call, evaluation)
    else:
        if arithmetic == "float32":
            samples = _some(call, len(samples))
        rows = [*_weights(model), *_values(call, data, model, evaluation, samples)]
    every = dataset.length(evaluation)
    document = {"samples": len(samples), "tensors": rows}
    if len(samples) < every:
        document["of"] = every
    call.outputs["ranges"].write_text(json.dumps(document, indent=1, allow_nan=False))


def _some(call: Call, length: int) -> Sequence[int]:
    """Samples spread over the data, and as many of those with answers that are no numbers."""
    import numpy as np

    count = max(_FEWEST, length // _SHARE)
    bad: set[int] = set()
    for port in ("expected", "actual"):
        if port in call.inputs:
            for array in dataset.load(call.inputs[port])["outputs"].values():
                if array.dtype.kind == "f":
                    finite = np.isfinite(array.reshape(len(array), -1)).all(axis=1)
                    bad |= set(np.flatnonzero(~finite).tolist())
    spread = np.linspace(0, length - 1, min(count, length)).round().astype(int).tolist()
    return sorted({*spread, *sorted(bad)[:count]})


def _values(
    call: Call,
    data: bytes,
    model: onnx.ModelProto,
    evaluation: dataset.Groups,
    samples: Sequence[int],
) -> list[dict[str, Any]]:
    values = [v for v in onnx_values.read(data) if v.op != onnx_quantisers.DEQUANTIZE]
    session = onnx_run.session(
        onnx_values.exposed(data, [v.name for v in values]), threads=call.threads
    )
    floats = {o.name for o in session.get_outputs() if o.type in _FLOATS}
    quantisers: dict[str, list[onnx_quantisers.Quantiser]] = {}
    for one in onnx_quantisers.quantisers(model, _bounds(call)):
        quantisers.setdefault(one.value, []).append(one)
    order = [(i.name, "") for i in session.get_inputs() if i.type in _FLOATS]
    order += [(v.name, v.node) for v in values if v.name in floats]
    seen = {name: _ranges(name, layer, quantisers.get(name, [])) for name, layer in order}
    wanted = [name for name, _ in order if name in floats]
    for feeds in _feeds(call, evaluation, samples):
        given = session.run(wanted, feeds) if wanted else []
        found = {**feeds, **dict(zip(wanted, given, strict=True))}
        for name, ranges in seen.items():
            for value_range in ranges:
                value_range.add(found[name])
    return [value_range.row() for ranges in seen.values() for value_range in ranges]


def _bounds(call: Call) -> dict[str, onnx_quantisers.Bounds] | None:
    """A Relu that became part of a quantiser is still there in the source."""
    import onnx

    if "source_model" not in call.inputs:
        return None
    return onnx_quantisers.bounds_of(onnx.load_model(str(call.inputs["source_model"])))


def _ranges(name: str, layer: str, quantisers: list[onnx_quantisers.Quantiser]) -> list[ValueRange]:
    if not quantisers:
        return [ValueRange(name=name, layer=layer)]
    return [
        ValueRange(name=name, layer=one.layer, quantiser=one, again=i > 0)
        for i, one in enumerate(quantisers)
    ]


def _weights(model: onnx.ModelProto) -> Iterator[dict[str, Any]]:
    """Constants that are not all numbers."""
    import numpy as np
    from onnx import numpy_helper

    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype.kind == "f" and array.size and not np.isfinite(array).all():
            one = ValueRange(name=tensor.name, layer="")
            one.add(array)
            yield {**one.row(), "kind": "weight"}


def _halves(call: Call, evaluation: dataset.Groups) -> list[dict[str, Any]]:
    """As runtime `onnx_fp16`, but for its answers."""
    path = call.inputs["onnx" if "onnx" in call.inputs else "model"]
    simulated, weights, probes = onnx_rounding.rounded(onnx_file.load(path))
    session = onnx_run.session(simulated, threads=call.threads)
    outputs = [probe.output(figure) for probe in probes for figure in onnx_rounding.FIGURES]
    seen = half_ranges.nothing_seen(probes)
    samples = range(dataset.length(evaluation))
    for feeds in _feeds(call, evaluation, samples):
        half_ranges.add(seen, probes, dict(zip(outputs, session.run(outputs, feeds), strict=True)))
    return half_ranges.rows(weights, probes, seen, len(samples))


def _feeds(call: Call, data: dataset.Groups, samples: Sequence[int]) -> Iterator[Arrays]:
    """Each sample as the examined model takes it."""
    source = Contract.from_json(call.facts["source_contract"])
    own = "onnx" in call.inputs
    stage = Contract.from_json(call.facts["contract" if own else "model_contract"])
    names = naming.load(call.inputs.get("names") if own else None)
    for i in samples:
        frame = {
            name: feed(data["inputs"][name][i], source.inputs[name], tensor)
            for name, tensor in stage.inputs.items()
        }
        yield naming.fed(frame, names)


def example(folder: Path) -> Call:
    """The tiny model on three images."""
    inputs = {"model": examples.write_model(folder / "model.onnx")}
    return examples.call(folder, KIND, facts={"floats": "float32"}, inputs=inputs)


KIND = StepKind(
    role="probe",
    run=run,
    tools="onnx",
    consumes=(
        "onnx?",
        "model?",
        "source_model?",
        "names?",
        "evaluation",
        "expected?",
        "actual?",
    ),
    produces={"ranges": "ranges.json"},
    facts=("contract", "model_contract", "source_contract", "floats"),
    platform=("isa",),
    time_limit_s=3600,
)
