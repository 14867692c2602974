"""Clips that no range of quantised values can stand for, and the form in which the HTP computes them.

A Clip in front of a QuantizeLinear is usually folded into the range. Every such range has zero in it, so
that of `Clip(0.5, 2)` lets through what lies between 0 and 0.5: ONNX Runtime's quantiser folds it all the
same, and so does the HTP. Of bounds that are computed while the model runs no range can know.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from edgebuild.formats import onnx_canonical

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray


def beside_zero(graph: onnx.GraphProto) -> frozenset[str]:
    """Names of the nodes whose bounds leave out zero, or are not known."""
    values = _values(graph)
    clips = [node for node in graph.node if node.op_type == "Clip"]
    return frozenset(node.name for node in clips if not _has_zero(_bounds(node, values)))


def as_max_and_min(graph: onnx.GraphProto) -> int:
    """Those of known bounds become Max and Min, which the HTP does not fold; how many there were.

    The types of values have to be inferred anew.
    """
    from onnx import helper, numpy_helper

    values = _values(graph)
    nodes, count = [], 0
    for node in graph.node:
        bounds = _bounds(node, values) if node.op_type == "Clip" else None
        if bounds is None or _has_zero(bounds):
            nodes.append(node)
            continue
        count += 1
        last, made = node.input[0], []
        for op, name, bound in zip(("Max", "Min"), node.input[1:], bounds, strict=False):
            if name:
                word = f"{node.output[0]}_{op.lower()}"
                value = values[name].reshape(1) * 0 + bound
                graph.initializer.append(numpy_helper.from_array(value, f"{word}_bound"))
                made.append(helper.make_node(op, [last, f"{word}_bound"], [word], word))
                last = word
        made[-1].output[0] = node.output[0]
        nodes += made
    onnx_canonical.replace(graph.node, nodes)
    return count


def _values(graph: onnx.GraphProto) -> dict[str, NDArray[Any]]:
    from onnx import numpy_helper

    return {t.name: numpy_helper.to_array(t) for t in graph.initializer}


def _bounds(node: onnx.NodeProto, values: dict[str, NDArray[Any]]) -> tuple[float, float] | None:
    """Least and most; infinite where there is none, None if one is not known."""
    given = dict(zip(("low", "high"), node.input[1:], strict=False))
    if any(name and (name not in values or values[name].size != 1) for name in given.values()):
        return None
    low, high = given.get("low"), given.get("high")
    return (
        float(values[low].item()) if low else -math.inf,
        float(values[high].item()) if high else math.inf,
    )


def _has_zero(bounds: tuple[float, float] | None) -> bool:
    return bounds is not None and bounds[0] <= 0 <= bounds[1]
