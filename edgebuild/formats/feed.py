"""One raw sample of a dataset, brought into the form that a stage of the model asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.errors import EdgebuildError
from edgebuild.step import Tensor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]

_CHANNEL_AXIS = {"NCHW": 1, "NCL": 1, "NC": 1, "NHWC": 3}


class FeedError(EdgebuildError):
    """A sample that cannot be brought into the asked form without inventing something."""


def feed(sample: Array, source: Tensor, stage: Tensor) -> Array:
    """`sample` as `stage` wants it, shape `stage.shape`.

    `sample` is raw and of shape `source.shape`, in the layout and colour order of `source`. In this
    order: colour order, layout, `(raw - stage.mean) / stage.scale` in float64, then the type;
    integers are rounded half to even and clipped to their range. Shares no code with
    the passes that put the same work into a graph, so that comparing the two is a check.
    """
    import numpy as np

    if sample.shape != source.shape:
        raise _differ("a sample has another shape than the input", sample.shape, source.shape)
    out: Array = sample.astype(np.float64) if _is_arithmetic(stage) else sample
    out = arranged(_color(out, source, stage), source, stage)
    if out.shape != stage.shape:
        raise _differ("a sample cannot be fed to this stage", out.shape, stage.shape)
    if stage.mean:
        out = out - _per_channel(stage.mean, stage, "mean")
    if stage.scale:
        out = out / _per_channel(stage.scale, stage, "scale")
    return np.ascontiguousarray(_cast(out, stage.dtype))


def arranged(array: Array, source: Tensor, stage: Tensor) -> Array:
    """`array` in the layout of `source`, brought into that of `stage`. FeedError if it cannot be."""
    if source.layout == stage.layout:
        return array
    if (source.layout, stage.layout) == ("NCHW", "NHWC"):
        return array.transpose(0, 2, 3, 1)
    if (source.layout, stage.layout) == ("NHWC", "NCHW"):
        return array.transpose(0, 3, 1, 2)
    raise _differ("layouts cannot be converted", source.layout, stage.layout)


def _is_arithmetic(stage: Tensor) -> bool:
    return bool(stage.mean or stage.scale)


def _color(array: Array, source: Tensor, stage: Tensor) -> Array:
    if source.color == stage.color:
        return array
    if {source.color, stage.color} != {"RGB", "BGR"}:
        raise _differ("colours cannot be converted", source.color, stage.color)
    import numpy as np

    axis = _CHANNEL_AXIS.get(source.layout)
    if axis is None or array.shape[axis] != 3:
        raise FeedError(
            "colour order needs a layout with three channels",
            fields={"layout": source.layout, "shape": str(list(array.shape))},
            hint="give the input's `layout`, such as NCHW",
        )
    return np.flip(array, axis)


def _per_channel(values: tuple[float, ...], stage: Tensor, what: str) -> NDArray[np.float64]:
    import numpy as np

    vector = np.asarray(values, np.float64)
    if len(values) == 1:
        return vector
    axis = _CHANNEL_AXIS.get(stage.layout)
    if axis is None or stage.shape[axis] != len(values):
        raise FeedError(
            f"`{what}` has {len(values)} values, which is not the number of channels",
            fields={"layout": stage.layout, "shape": str(list(stage.shape))},
            hint="give one value, or one for each channel",
        )
    shape = [1] * len(stage.shape)
    shape[axis] = len(values)
    return vector.reshape(shape)


def _cast(array: Array, dtype: str) -> Array:
    import numpy as np

    wanted = np.dtype(dtype)
    if wanted.kind in "iu" and array.dtype.kind == "f":
        bounds = np.iinfo(wanted)
        return np.clip(np.rint(array), bounds.min, bounds.max).astype(wanted)
    if wanted.kind in "iu" and array.dtype.kind in "iu":
        bounds = np.iinfo(wanted)
        return np.clip(array, bounds.min, bounds.max).astype(wanted)
    return array.astype(wanted)


def _differ(message: str, has: object, wanted: object) -> FeedError:
    def text(value: object) -> str:
        return str(list(value)) if isinstance(value, tuple) else str(value)

    return FeedError(message, fields={"has": text(has), "wanted": text(wanted)})
