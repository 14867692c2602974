"""Answers of a TFLite file on this machine's CPU, by LiteRT's interpreter, in floats throughout.

Where the file stores quantised integers, floats are quantised by its own scales, and its answers turned
into the floats they stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats.naming import Naming
from edgebuild.formats.tflite import Tflite, TfliteError, TfliteTensor
from edgebuild.step import Contract, Tensor

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]


def interpreter(path: Path, threads: int = 1) -> Interpreter:
    """The interpreter, ready to run. TfliteError with its reason if it refuses the file."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        made = Interpreter(str(path), num_threads=threads)
        made.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise TfliteError(
            f"LiteRT cannot load {path.name}", fields={"reason": " ".join(str(error).split())}
        ) from error
    return made


def executor(made: Interpreter, file: Tflite) -> Callable[[Arrays], Arrays]:
    """A function from inputs to outputs, by the file's names."""
    given = {tensor.name: tensor for tensor in file.outputs}
    invoke = invoker(made)

    def execute(feeds: Arrays) -> Arrays:
        return {n: _restore(a, given[n]) for n, a in invoke(stored(feeds, file)).items()}

    return execute


def invoker(made: Interpreter) -> Callable[[Arrays], Arrays]:
    """As `executor`, with what is stored going in and coming out."""
    inputs = {d["name"]: d["index"] for d in made.get_input_details()}
    outputs = {d["name"]: d["index"] for d in made.get_output_details()}

    def invoke(feeds: Arrays) -> Arrays:
        for name, array in feeds.items():
            made.set_tensor(inputs[name], array)
        made.invoke()
        return {name: made.get_tensor(index) for name, index in outputs.items()}

    return invoke


def stored(feeds: Mapping[str, NDArray[Any]], file: Tflite) -> Arrays:
    """Floats, by the file's names, as it stores them."""
    taken = {tensor.name: tensor for tensor in file.inputs}
    return {name: _store(array, taken[name]) for name, array in feeds.items()}


def in_floats(contract: Contract, file: Tflite, names: Naming) -> Contract:
    """The contract with floats where the file stores quantised integers: as `executor` speaks."""

    def side(
        tensors: Mapping[str, Tensor], stored: tuple[TfliteTensor, ...], own: Mapping[str, str]
    ) -> dict[str, Tensor]:
        quantised = {tensor.name for tensor in stored if tensor.scale is not None}
        return {
            name: replace(t, dtype="float32") if own.get(name, name) in quantised else t
            for name, t in tensors.items()
        }

    return Contract(
        inputs=side(contract.inputs, file.inputs, names.inputs),
        outputs=side(contract.outputs, file.outputs, names.outputs),
    )


def _store(array: NDArray[Any], tensor: TfliteTensor) -> NDArray[Any]:
    """Floats as the integers the file stores, rounded half to even and clipped."""
    import numpy as np

    if tensor.scale is None:
        return array
    bounds = np.iinfo(tensor.dtype)
    steps = np.rint(array.astype(np.float64) / tensor.scale) + tensor.zero_point
    return np.clip(steps, bounds.min, bounds.max).astype(tensor.dtype)


def _restore(array: NDArray[Any], tensor: TfliteTensor) -> NDArray[Any]:
    """The floats that stored integers stand for."""
    import numpy as np

    if tensor.scale is None:
        return array
    return ((array.astype(np.float64) - tensor.zero_point) * tensor.scale).astype(np.float32)
