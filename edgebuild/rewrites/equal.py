"""Proof that a rewritten model computes what it did: both run on the same random inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edgebuild.errors import EdgebuildError
from edgebuild.rewrites import evaluate
from edgebuild.rewrites.forms import Applied

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray

TOLERANCE = 1e-5  # largest difference, as a share of the output's largest magnitude
LARGEST_TOLERANCE = 1e-3  # however much a network makes of rounding
SAMPLES = ("normal", "unit", "wide")


class NotEqualError(EdgebuildError):
    """A rewritten model that gives other answers, or about which nothing could be shown."""


def prove(
    before: onnx.ModelProto,
    after: onnx.ModelProto,
    applied: Sequence[Applied] = (),
    *,
    tolerance: float = TOLERANCE,
) -> float:
    """The largest difference found, at most `tolerance`; NotEqualError otherwise.

    Three samples: normal, uniform in 0..1, uniform in -8..8 (integers: 0 and 1). Values that
    are not finite must be so in both, and each output must be finite somewhere. Where a network
    makes more of rounding than `tolerance`, twice what it makes of rounding its inputs is allowed.
    The message names the first of `applied` after which values differ.
    """
    import numpy as np

    names = [value.name for value in before.graph.output]
    assert names == [value.name for value in after.graph.output]
    finite = dict.fromkeys(names, False)
    worst = 0.0
    for sample in SAMPLES:
        feed = random_inputs(before, sample)
        both = evaluate.run(before, feed, names), evaluate.run(after, feed, names)
        for name, old, new in zip(names, *both, strict=True):
            error = difference(old, new)
            if error > tolerance and error > 2 * _sensitivity(before, feed, name, old):
                raise _blame(before, after, feed, applied, name, error, tolerance)
            worst = max(worst, error)
            finite[name] |= old.dtype.kind != "f" or not old.size or bool(np.isfinite(old).any())
    unproven = [name for name, shown in finite.items() if not shown]
    if unproven:
        raise NotEqualError(
            f"nothing could be shown about output `{unproven[0]}`: it is never finite",
            hint="random inputs are outside of what the network can take",
        )
    return worst


def _sensitivity(
    model: onnx.ModelProto, feed: dict[str, NDArray[Any]], name: str, old: NDArray[Any]
) -> float:
    """How far an output moves when inputs move in their last bits: all up, all down, at random."""
    import numpy as np

    random = np.random.default_rng(0)
    worst = 0.0
    for direction in (1, -1, 0):
        moved = dict(feed)
        for key, value in feed.items():
            if value.dtype.kind == "f":
                signs = random.choice([-1, 1], value.shape) if direction == 0 else direction
                moved[key] = (value * (1 + 2 * np.finfo(value.dtype).eps * signs)).astype(
                    value.dtype
                )
        worst = max(worst, difference(old, evaluate.run(model, moved, [name])[0]))
    return min(worst, LARGEST_TOLERANCE / 2)


def difference(old: NDArray[Any], new: NDArray[Any]) -> float:
    """Largest difference as a share of the largest magnitude; infinite if they cannot compare."""
    import numpy as np

    if old.shape != new.shape or old.dtype != new.dtype:
        return float("inf")
    if old.dtype.kind != "f":
        return 0.0 if np.array_equal(old, new) else float("inf")
    a, b = old.astype(np.float64), new.astype(np.float64)
    known = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(a[~known], b[~known], equal_nan=True):
        return float("inf")
    if not known.any():
        return 0.0
    largest = float(np.abs(a[known]).max())
    error = float(np.abs(a[known] - b[known]).max())
    return error / largest if largest else (0.0 if error == 0 else float("inf"))


def random_inputs(model: onnx.ModelProto, sample: str) -> dict[str, NDArray[Any]]:
    """The same values at every call, for the inputs that are not initializers."""
    import numpy as np
    from onnx import helper

    random = np.random.default_rng([7, SAMPLES.index(sample)])
    constants = {tensor.name for tensor in model.graph.initializer}
    feed = {}
    for value in model.graph.input:
        if value.name in constants:
            continue
        kind = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        shape = [d.dim_value for d in value.type.tensor_type.shape.dim]
        if kind.kind != "f":
            top = 256 if kind.itemsize == 1 and kind.kind == "u" else 2
            feed[value.name] = random.integers(0, top, shape).astype(kind)
        elif sample == "normal":
            feed[value.name] = random.standard_normal(shape).astype(kind)
        else:
            low, high = (0, 1) if sample == "unit" else (-8, 8)
            feed[value.name] = random.uniform(low, high, shape).astype(kind)
    return feed


def _blame(
    before: onnx.ModelProto,
    after: onnx.ModelProto,
    feed: dict[str, NDArray[Any]],
    applied: Sequence[Applied],
    output: str,
    error: float,
    tolerance: float,
) -> NotEqualError:
    """A rewrite keeps the names of what its node makes: the first of these that differs tells."""
    kept = {name for node in before.graph.node for name in node.output if name}
    shared = [n for node in after.graph.node for n in node.output if n in kept]
    values = (evaluate.run(_revealing(model, shared), feed, shared) for model in (before, after))
    pairs = zip(shared, *values, strict=True)
    first = next((n for n, old, new in pairs if difference(old, new) > tolerance), output)
    culprit = next((a for a in applied if first in a.outputs), None)
    what = f"{culprit.rewrite}, on {culprit.op} `{culprit.node}`" if culprit else "not known"
    return NotEqualError(
        f"the rewritten model computes something else (output `{output}`)",
        fields={
            "difference": f"{error:.2e} of its largest magnitude; {tolerance:.0e} is allowed",
            "first value": first,
            "rewrite": what,
        },
        hint="this is a fault of edgebuild: report it with the model",
    )


def _revealing(model: onnx.ModelProto, names: Sequence[str]) -> onnx.ModelProto:
    """The model with more values as outputs."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    have = {value.name for value in copy.graph.output}
    copy.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names if n not in have)
    return copy
