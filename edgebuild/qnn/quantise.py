"""Drives ONNX Runtime's static quantisation: observes ranges on samples, puts Q/DQ pairs in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats import onnx_canonical, onnx_contract, onnx_file
from edgebuild.qnn import clips, hoist
from edgebuild.qnn.complete import complete
from edgebuild.qnn.ranges import Range, RangeError, observe

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    Feeds: TypeAlias = Mapping[str, NDArray[Any]]

_BITS = {"uint8": 8, "uint16": 16}


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """How to quantise. `htp`: every op, by ONNX Runtime's settings for Qualcomm's HTP."""

    htp: bool
    activation: str
    weight: str
    per_channel: bool
    method: str
    percentile: float


def quantise(
    model: onnx.ModelProto,
    feeds: Sequence[Feeds],
    scheme: Scheme,
    *,
    keep: frozenset[str],
    folder: Path,
    threads: int,
) -> onnx.ModelProto:
    """`model`, as `edgebuild.qnn.prepare` leaves it, with Q/DQ pairs; but not at the nodes `keep`.

    Ranges are those seen on `feeds`. `folder` is for files on the way.
    """
    import numpy as np
    import onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.calibrate import TensorsData, save_tensors_data

    given, cache, made = (folder / name for name in ("float.onnx", "ranges.json", "quantised.onnx"))
    onnx_file.save(model, given)
    ranges = observe(
        model, feeds, method=scheme.method, percentile=scheme.percentile, threads=threads
    )
    _check_outputs(model, ranges)
    arrays = {n: (np.float32(low), np.float32(high)) for n, (low, high) in ranges.items()}
    method = quantization.CalibrationMethod.MinMax  # of ONNX Runtime; ours has made its choice
    save_tensors_data(TensorsData(method, arrays), cache)
    apart = clips.beside_zero(model.graph) | _averages(model.graph)
    if scheme.htp:  # these become nodes of their own: `complete` gives them their pairs
        apart |= hoist.unfoldable(model.graph)
    excluded = keep | apart
    quantization.quantize_static(
        given,
        made,
        None,
        calibration_cache_path=cache,
        calibrate_method=method,
        quant_format=quantization.QuantFormat.QDQ,
        activation_type=_type(scheme.activation),
        weight_type=_type(scheme.weight),
        per_channel=scheme.per_channel,
        nodes_to_exclude=sorted(excluded),
        **_settings(given, scheme, excluded),
    )
    quantised = onnx.load(made)
    if scheme.htp:
        onnx_contract.infer(quantised)
        complete(quantised, ranges, bits=_BITS[scheme.activation], keep=keep)
    return onnx_canonical.canonical(quantised)


def _averages(graph: onnx.GraphProto) -> frozenset[str]:
    """Names of the nodes that average. ONNX Runtime's quantiser would give them the scale of what goes in,
    of which the average of a whole picture uses a few steps; left alone, it gives them their own."""
    return frozenset(node.name for node in graph.node if node.op_type == "AveragePool")


def _check_outputs(model: onnx.ModelProto, ranges: Mapping[str, Range]) -> None:
    """An output that is 0 all the time would be told in steps of nothing. RangeError then."""
    for value in model.graph.output:
        if ranges.get(value.name) == (0.0, 0.0):
            raise RangeError(
                f"output `{value.name}` is 0 on all calibration samples, so it has no range",
                hint="use samples on which the network answers something, such as faces",
            )


def _settings(given: Path, scheme: Scheme, excluded: frozenset[str]) -> dict[str, Any]:
    """What else `quantize_static` is told."""
    if not scheme.htp:
        return {}
    from onnxruntime.quantization.execution_providers.qnn import get_qnn_qdq_config

    config = get_qnn_qdq_config(
        given,
        _reader([]),
        activation_type=_type(scheme.activation),
        weight_type=_type(scheme.weight),
        per_channel=scheme.per_channel,
        nodes_to_exclude=sorted(excluded),
    )
    # Ops that pass their input's scale on are left out otherwise if nothing quantised it before.
    options = config.extra_options | {"ForceQuantizeNoInputCheck": True}
    return {"op_types_to_quantize": config.op_types_to_quantize, "extra_options": options}


def _type(name: str) -> Any:
    from onnxruntime.quantization import QuantType

    types = {"uint8": QuantType.QUInt8, "int8": QuantType.QInt8, "uint16": QuantType.QUInt16}
    return types[name]


def _reader(samples: Sequence[Feeds]) -> Any:
    """ONNX Runtime's interface to calibration data: `get_next` gives a sample, then None."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.rest: Iterator[Feeds] = iter(samples)

        def get_next(self) -> Feeds | None:
            return next(self.rest, None)

    return Reader()
