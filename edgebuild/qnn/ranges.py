"""The range of every float value of a model over samples: all of it, or without outliers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.errors import EdgebuildError
from edgebuild.formats import onnx_run

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]
    Feeds: TypeAlias = Mapping[str, Array]

Range = tuple[float, float]
_BINS = 2048
_LEVELS = 256
_SHRINKS = 112  # candidates of the entropy method, from the whole range to 256 bins of it


class RangeError(EdgebuildError):
    """A model whose values have no range."""


def observe(
    model: onnx.ModelProto,
    feeds: Sequence[Feeds],
    *,
    method: str = "minmax",
    percentile: float = 100.0,
    threads: int = 1,
) -> dict[str, Range]:
    """Smallest and largest value of each float input, output and value inside, by name.

    `percentile`: so many of the values that are not 0 lie inside, the rest is cut off both sides
    alike. `entropy`: the part of the whole range, zero staying where it is, in which 256 levels
    lose least information (Kullback-Leibler divergence; Migacz, 8-bit Inference with TensorRT,
    GTC 2017). Of a value without elements it is 0 to 0. The types in `model` must be inferred.
    RangeError if a value is not a number.
    """
    whole = _whole(model, feeds, threads)
    if method == "minmax":
        return whole
    histograms = _histograms(model, feeds, threads, whole)
    narrow: Callable[[Array, Range], Range] = (
        _least_divergence
        if method == "entropy"
        else lambda counts, seen: _percentile(counts, seen, percentile)
    )
    return {name: narrow(histograms[name], seen) for name, seen in whole.items()}


def _whole(model: onnx.ModelProto, feeds: Sequence[Feeds], threads: int) -> dict[str, Range]:
    import numpy as np

    ranges: dict[str, Range] = {}
    for number, name, array in _values(model, feeds, threads):
        if not array.size:
            ranges[name] = (0.0, 0.0)
            continue
        low, high = float(array.min()), float(array.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            raise RangeError(
                f"value `{name}` is not a number on calibration sample {number}",
                fields={"range": f"{low} to {high}"},
                hint="look at the data, and at the op that makes this value",
            )
        seen = ranges.get(name, (low, high))
        ranges[name] = min(seen[0], low), max(seen[1], high)
    return ranges


def _histograms(
    model: onnx.ModelProto, feeds: Sequence[Feeds], threads: int, whole: Mapping[str, Range]
) -> dict[str, Array]:
    """Counts of each value over its range; without zeros, which every quantisation has exactly."""
    import numpy as np

    counts: dict[str, Array] = {}
    for _, name, array in _values(model, feeds, threads):
        found, _ = np.histogram(array[array != 0], _BINS, _with_zero(whole[name]))
        counts[name] = counts.get(name, 0) + found
    return counts


def _values(
    model: onnx.ModelProto, feeds: Sequence[Feeds], threads: int
) -> Iterator[tuple[int, str, Array]]:
    """Sample, name and values of everything float, in the graph's order, sample by sample."""
    import onnx

    kinds = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    outputs = {value.name for value in model.graph.output}
    watched.graph.output.extend(
        value
        for value in model.graph.value_info
        if value.type.tensor_type.elem_type in kinds and value.name not in outputs
    )
    session = onnx_run.session(watched, threads=threads)
    made = [name for node in model.graph.node for name in node.output]
    for number, sample in enumerate(feeds):
        found = {**sample, **onnx_run.run(session, sample)}
        for name in (*sample, *(n for n in made if n in found)):
            array = found[name]
            if array.dtype.kind == "f":
                yield number, name, array


def _with_zero(seen: Range) -> Range:
    low, high = min(seen[0], 0.0), max(seen[1], 0.0)
    return (low, high) if high > low else (low, low + 1.0)


def _percentile(counts: Array, seen: Range, percentile: float) -> Range:
    import numpy as np

    total = counts.sum()
    if not total:
        return seen
    low, high = _with_zero(seen)
    outside = total * (100.0 - percentile) / 200.0
    edges = np.linspace(low, high, len(counts) + 1)
    below = np.cumsum(counts)
    first = int(np.searchsorted(below, outside, side="right"))
    last = int(np.searchsorted(below, total - outside, side="left"))
    return max(seen[0], float(edges[first])), min(seen[1], float(edges[last + 1]))


def _least_divergence(counts: Array, seen: Range) -> Range:
    import numpy as np

    if not counts.sum():
        return seen
    low, high = _with_zero(seen)
    zero = -low / (high - low) * len(counts)
    best, narrowest = (np.inf, (0, len(counts))), _LEVELS / len(counts)
    for share in np.linspace(1.0, narrowest, _SHRINKS):
        first = round(zero - zero * share)
        last = max(first + 1, round(zero + (len(counts) - zero) * share))
        found = _divergence(counts, first, last)
        if found < best[0]:
            best = found, (first, last)
    edges = np.linspace(low, high, len(counts) + 1)
    first, last = best[1]
    return max(seen[0], float(edges[first])), min(seen[1], float(edges[last]))


def _divergence(counts: Array, first: int, last: int) -> float:
    """Of the values clipped to these bins from what 256 levels of the range can tell of them."""
    import numpy as np

    inside = counts[first:last].astype(np.float64)
    clipped = inside.copy()
    clipped[0] += counts[:first].sum()
    clipped[-1] += counts[last:].sum()
    levels = np.arange(len(inside)) * _LEVELS // len(inside)
    used = inside > 0
    mass = np.bincount(levels, inside, _LEVELS)
    bins = np.bincount(levels, used, _LEVELS)
    told = np.where(used, (mass / np.maximum(bins, 1))[levels], 0.0)
    if not told.sum():
        return float("inf")
    p, q = clipped / clipped.sum(), told / told.sum()
    floor = 1e-9  # where values were clipped to a bin that had none
    return float(
        np.sum(np.where(p > 0, p * np.log(np.maximum(p, floor) / np.maximum(q, floor)), 0))
    )
