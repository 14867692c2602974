"""Answers of source, optimised model and artifact, decoded to what truth is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats import dataset
from edgebuild.step import Call
from edgebuild.steps import user_code
from edgebuild.steps.user_code import UserCodeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]

# Port of each set of answers, in the order in which a model is made.
_ANSWERS = {"source": "expected", "optimised": "optimised", "artifact": "actual"}
# What sums in another order make of float32: far less than float16 or 8 bits do.
_ROUNDING = 1e-5


def of(call: Call) -> tuple[dict[str, Arrays], bool]:
    """By whose they are: source, optimised (where there is an optimised ONNX), artifact. What is equal is one
    object, decoded and measured once. And whether source and artifact answer alike, but for the rounding of
    floats."""
    answers: dict[str, Arrays] = {}
    for who, port in _ANSWERS.items():
        if port in call.inputs:
            found = _widened(dataset.load(call.inputs[port])["outputs"])
            answers[who] = next((a for a in answers.values() if _equal(a, found)), found)
    alike = _alike(answers["source"], answers["artifact"])
    if "decode" not in call.inputs:
        return answers, alike
    name = call.params.decode_function
    with user_code.attribute(call, name, "decode") as function:
        distinct = {id(outputs): outputs for outputs in answers.values()}
        decoded = {key: arrays(name, function(outputs)) for key, outputs in distinct.items()}
    return {who: decoded[id(outputs)] for who, outputs in answers.items()}, alike


def arrays(name: str, made: Any) -> Arrays:
    """What a decoding function returned, if it can be compared."""
    import numpy as np

    hint = 'return {"boxes": array}, numbers with samples along axis 0'
    if not isinstance(made, dict):
        raise UserCodeError(f"`{name}` must return a dict of arrays", hint=hint)
    found = {key: np.asarray(values) for key, values in made.items()}
    for key, array in found.items():
        if array.ndim == 0 or array.dtype.kind not in "biuf":
            raise UserCodeError(f"`{name}` returned no array of numbers as `{key}`", hint=hint)
    return found


def _equal(some: Arrays, others: Arrays) -> bool:
    import numpy as np

    return some.keys() == others.keys() and all(
        np.array_equal(array, others[name]) and array.dtype == others[name].dtype
        for name, array in some.items()
    )


def _alike(source: Arrays, artifact: Arrays) -> bool:
    """Floats, at least some, within _ROUNDING of their output's largest magnitude; all else equal."""
    import numpy as np

    def near(a: NDArray[Any], b: NDArray[Any]) -> bool:
        if a.dtype.kind != "f" or a.shape != b.shape:
            return bool(np.array_equal(a, b))
        return bool(np.abs(a - b).max(initial=0.0) <= _ROUNDING * np.abs(a).max(initial=0.0))

    floats = any(array.dtype.kind == "f" for array in source.values())
    return floats and all(n in artifact and near(a, artifact[n]) for n, a in source.items())


def _widened(arrays: Arrays) -> Arrays:
    """What is float16 as float32, so that decoding does not compute in float16."""
    return {n: a.astype("float32") if a.dtype == "float16" else a for n, a in arrays.items()}
