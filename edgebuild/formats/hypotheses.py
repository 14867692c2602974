"""What may be the matter with what a network is fed or how it resizes: changes that can be tried out.

A trial is the source model run with one thing changed. If its answers are nearer to the truth than
those of the source as it is, the thing is wrong in the manifest or the data; if they are
nearer to the artifact's, it is wrong in the artifact.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from edgebuild.formats.feed import feed
from edgebuild.step import Contract, Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]

# What networks are commonly fed: (raw - mean) / scale.
_RANGES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "none": ((), ()),
    "0..1": ((), (255.0,)),
    "-1..1": ((127.5,), (127.5,)),
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "imagenet of 0..1": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
_TWICE, _LARGER, _SMALLER = "twice", "times 255", "by 255"
_CHANNELS = {"NCHW": 1, "NHWC": 3}
# How a Resize may be meant: mode, coordinate_transformation_mode, nearest_mode.
RESIZES = {
    "nearest": ("nearest", "asymmetric", "floor"),
    "nearest, half pixels": ("nearest", "half_pixel", "round_prefer_floor"),
    "linear": ("linear", "half_pixel", ""),
    "linear, aligned corners": ("linear", "align_corners", ""),
    "linear, asymmetric": ("linear", "asymmetric", ""),
}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One thing changed: of an input by its name, or of a Resize by its node's, `variant` says to what."""

    what: Literal["color", "range", "layout", "resize"]
    name: str
    variant: str

    @property
    def key(self) -> str:
        """Without slashes: the name of a group in a dataset."""
        return ":".join(
            urllib.parse.quote(part, safe="") for part in (self.what, self.name, self.variant)
        )

    @staticmethod
    def of(key: str) -> Trial:
        what, name, variant = map(urllib.parse.unquote, key.split(":"))
        return Trial(what=what, name=name, variant=variant)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Words:
    """The matter, if the trial does better: in what feeds the source, or in the artifact. `change` is what
    was tried, as in "with ... quality rises"."""

    source: str
    artifact: str
    change: str


def of_inputs(contract: Contract) -> Iterator[Trial]:
    """Everything that can be tried with a model's inputs."""
    for name, tensor in contract.inputs.items():
        channels = _channels(tensor)
        if channels == 3:
            yield Trial(what="color", name=name, variant="exchanged")
        if tensor.layout in _CHANNELS:
            yield Trial(what="layout", name=name, variant="channels")
            yield Trial(what="layout", name=name, variant="sides")
        if tensor.dtype.startswith("float") and len(tensor.shape) > 2:
            own = _ranged(tensor, tensor)
            seen = {own}
            for variant in (*_RANGES, _TWICE, _LARGER, _SMALLER):
                if len(_RANGES.get(variant, ((),))[0]) > 1 and channels != 3:
                    continue
                found = range_of(variant, tensor)
                if variant == _TWICE and own == ((), ()):
                    continue
                if variant == _TWICE or found not in seen:
                    seen.add(found)
                    yield Trial(what="range", name=name, variant=variant)


def fed(trial: Trial | None, name: str, sample: Array, tensor: Tensor) -> Array:
    """A raw sample as the source model takes it, with what `trial` changes of the input `name`."""
    if trial is None or trial.name != name or trial.what == "resize":
        return feed(sample, tensor, tensor)
    if trial.what == "range":
        if trial.variant == _TWICE:
            return feed(feed(sample, tensor, tensor), tensor, tensor)
        mean, scale = range_of(trial.variant, tensor)
        return feed(sample, tensor, replace(tensor, mean=mean, scale=scale))
    return feed(_arranged(trial, sample, tensor), tensor, tensor)


def range_of(variant: str, tensor: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and scale of a variant, in the simplest form."""
    if variant in _RANGES:
        mean, scale = _RANGES[variant]
        return _ranged(tensor, replace(tensor, mean=mean, scale=scale))
    factor = {_LARGER: 255.0, _SMALLER: 1 / 255}.get(variant, 1.0)
    own = replace(
        tensor,
        mean=tuple(value * factor for value in tensor.mean),
        scale=tuple(value * factor for value in tensor.scale or (1.0,)),
    )
    return _ranged(tensor, own)


def words(trial: Trial, contract: Contract) -> Words:
    """What to say of a trial that does better."""
    name = f"`{trial.name}`"
    if trial.what == "color":
        return Words(
            source=f"the colours of {name} come in another order than the network expects",
            artifact=f"the artifact takes the colours of {name} in another order",
            change=f"with red and blue of {name} exchanged",
        )
    if trial.what == "layout":
        layout = contract.inputs[trial.name].layout
        other = "NHWC" if layout == "NCHW" else "NCHW"
        read = (
            f"the values of {name} read as {other}"
            if trial.variant == "channels"
            else f"height and width of {name} exchanged"
        )
        return Words(
            source=f"the data has {name} transposed",
            artifact=f"the artifact reads {name} transposed",
            change=f"with {read}",
        )
    if trial.what == "resize":
        where = f"Resize {name}" if trial.name else "every Resize"
        return Words(
            source=f"{where} is of another mode than the network was trained with",
            artifact=f"the artifact resizes otherwise in {where}",
            change=f"with {where} of mode `{trial.variant}`",
        )
    return _range_words(trial, contract.inputs[trial.name])


def _range_words(trial: Trial, tensor: Tensor) -> Words:
    name = f"`{trial.name}`"
    lacks = [word for word in ("mean", "scale") if not getattr(tensor, word)]
    if trial.variant == _TWICE:
        return Words(
            source=f"mean and scale of {name} have to be applied twice",
            artifact=f"the artifact applies mean and scale of {name} twice",
            change=f"with mean and scale of {name} applied twice",
        )
    if trial.variant == "none":
        return Words(
            source=f"{name} has its mean and scale applied already, or takes raw values",
            artifact=f"the artifact applies no mean and scale to {name}",
            change=f"with {name} as it is",
        )
    mean, scale = (_listed(values) for values in range_of(trial.variant, tensor))
    given = " and ".join(filter(None, (mean and f"mean {mean}", scale and f"scale {scale}")))
    missing = f"{' and '.join(lacks)} of {name} {'are' if len(lacks) > 1 else 'is'} missing"
    return Words(
        source=missing if lacks else f"mean and scale of {name} are not what the network expects",
        artifact=f"the artifact applies another mean and scale to {name}",
        change=f"with {given or 'neither mean nor scale'} for {name}",
    )


def _arranged(trial: Trial, sample: Array, tensor: Tensor) -> Array:
    """The same values in another order, in the same shape."""
    import numpy as np

    axis = _CHANNELS[tensor.layout]
    if trial.what == "color":
        return np.flip(sample, axis)
    n, *rest = sample.shape
    if trial.variant == "channels":
        if axis == 1:
            c, h, w = rest
            return sample.reshape(n, h, w, c).transpose(0, 3, 1, 2)
        h, w, c = rest
        return sample.reshape(n, c, h, w).transpose(0, 2, 3, 1)
    high = 2 if axis == 1 else 1
    shape = list(sample.shape)
    shape[high], shape[high + 1] = shape[high + 1], shape[high]
    return sample.reshape(shape).swapaxes(high, high + 1)


def _channels(tensor: Tensor) -> int:
    axis = _CHANNELS.get(tensor.layout)
    return tensor.shape[axis] if axis is not None and len(tensor.shape) == 4 else 0


def _ranged(tensor: Tensor, wanted: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and scale such that equal work has equal figures: one value where all are the same, none for
    zeros and ones; ImageNet's in the order of the tensor's colours."""

    def simple(values: tuple[float, ...], nothing: float) -> tuple[float, ...]:
        short = values[:1] if len(set(values)) <= 1 else values
        return () if short in ((), (nothing,)) else short

    mean, scale = simple(wanted.mean, 0.0), simple(wanted.scale, 1.0)
    if tensor.color == "BGR" and wanted is not tensor and wanted.mean in _ORDERED:
        mean, scale = mean[::-1], scale[::-1]
    return mean, scale


_ORDERED = {mean for mean, _ in _RANGES.values() if len(mean) > 1}


def _listed(values: tuple[float, ...]) -> str:
    text = ", ".join(f"{value:g}" for value in values)
    return f"[{text}]" if len(values) > 1 else text
