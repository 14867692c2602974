"""Answers of an ONNX model on this machine, by ONNX Runtime on the CPU, the same at every run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats.onnx_file import OnnxError, to_bytes
from edgebuild.step import Contract

if TYPE_CHECKING:
    import onnx
    import onnxruntime
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]


def session(
    model: onnx.ModelProto | Path | bytes, *, optimise: bool = False, threads: int = 1
) -> onnxruntime.InferenceSession:
    """A session on the CPU. Without `optimise` every node runs as it stands in the graph."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimise else levels.ORT_DISABLE_ALL
    if isinstance(model, Path):
        source: str | bytes = str(model)
    else:
        source = model if isinstance(model, bytes) else to_bytes(model)
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no base class but this
        raise _refused("load", error) from error


def run(session: onnxruntime.InferenceSession, feeds: Mapping[str, NDArray[Any]]) -> Arrays:
    """Outputs by name, in the model's order."""
    names = [output.name for output in session.get_outputs()]
    try:
        return dict(zip(names, session.run(names, dict(feeds)), strict=True))
    except Exception as error:
        raise _refused("run", error) from error


def dtype(value: onnxruntime.NodeArg) -> str:
    """numpy's name for the type of a session's input or output, which it spells `tensor(float)`."""
    word: str = value.type.removeprefix("tensor(").removesuffix(")")
    return {"float": "float32", "double": "float64"}.get(word, word)


def random_inputs(contract: Contract, seed: int = 0) -> Arrays:
    """One input for each of `contract`: floats standard normal, unsigned and signed integers and
    booleans 0 or 1, so that an index is in range."""
    import numpy as np

    random = np.random.default_rng(seed)
    arrays: Arrays = {}
    for name, tensor in contract.inputs.items():
        if tensor.dtype.startswith("float"):
            values = random.standard_normal(tensor.shape)
        elif tensor.dtype == "uint8":
            values = random.integers(0, 256, tensor.shape)
        else:
            values = random.integers(0, 2, tensor.shape)
        arrays[name] = np.asarray(values).astype(tensor.dtype)
    return arrays


def _refused(verb: str, error: Exception) -> OnnxError:
    return OnnxError(
        f"ONNX Runtime cannot {verb} the model",
        fields={"reason": " ".join(str(error).split())},
        hint="the node it names is where to look in the network or its export",
    )
