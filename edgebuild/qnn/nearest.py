"""Resizes to the nearest value that the HTP computes otherwise than ONNX, by which value they take.

QNN's converter refuses some roundings and takes others without a word. What the HTP does then was found
with the emulator (SM8250 and SM8550, 80 cases each); its scale is the ratio of the sizes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

    Array = NDArray[Any]

_HTP = {  # what is computed of each form
    "half_pixel": ("half_pixel", "round_prefer_ceil"),
    "align_corners": ("align_corners", "round_prefer_ceil"),
    "asymmetric": ("asymmetric", "floor"),
    "pytorch_half_pixel": ("asymmetric", "floor"),
}


def differing(model: onnx.ModelProto) -> dict[str, str]:
    """By the name of each Resize whose values come from other places on the HTP: what it asks for.

    Where shapes or scales are not known before the model runs, nothing is said.
    """
    import onnx
    from onnx import helper, numpy_helper

    graph = onnx.shape_inference.infer_shapes(model).graph
    shapes = {
        v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
        for v in (*graph.input, *graph.output, *graph.value_info)
    }
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    found = {}
    for node in graph.node:
        settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type != "Resize" or settings.get("mode", b"nearest") != b"nearest":
            continue
        form = settings.get("coordinate_transformation_mode", b"half_pixel").decode()
        rounding = settings.get("nearest_mode", b"round_prefer_floor").decode()
        before, after = shapes.get(node.input[0], []), shapes.get(node.output[0], [])
        scales = values.get(node.input[2]) if len(node.input) > 2 else None
        if not all(before) or not all(after) or len(before) != len(after):
            continue
        for axis, (old, new) in enumerate(zip(before, after, strict=True)):
            full = scales is not None and scales.size == len(before)
            scale = float(scales[axis]) if scales is not None and full else new / old
            other, way = _HTP.get(form, (form, rounding))
            if _taken(form, rounding, scale, old, new) != _taken(other, way, new / old, old, new):
                found[node.name] = f"{form}, {rounding}, {old} to {new}"
                break
    return found


def _taken(form: str, rounding: str, scale: float, old: int, new: int) -> list[int]:
    """From where along an axis each of `new` values comes: https://onnx.ai/onnx/operators, Resize."""
    places = []
    for x in range(new):
        if form == "align_corners":
            place = x * (old - 1) / (new - 1) if new > 1 else 0.0
        elif form == "asymmetric":
            place = x / scale
        elif form == "pytorch_half_pixel" and new == 1:
            place = 0.0
        else:
            place = (x + 0.5) / scale - 0.5
        places.append(min(max(_rounded(round(place, 9), rounding), 0), old - 1))
    return places


def _rounded(place: float, rounding: str) -> int:
    if rounding == "floor":
        return math.floor(place)
    if rounding == "ceil":
        return math.ceil(place)
    return math.ceil(place - 0.5) if rounding == "round_prefer_floor" else math.floor(place + 0.5)
