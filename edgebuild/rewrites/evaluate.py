"""Runs a model, or one node, in ONNX Runtime on the CPU, the same way every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edgebuild.formats.onnx_file import OnnxError

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray


def run(
    model: onnx.ModelProto,
    feed: Mapping[str, NDArray[Any]],
    outputs: Sequence[str] | None = None,
) -> list[NDArray[Any]]:
    """The values of `outputs` (the model's own, if not given). OnnxError if it cannot be run.

    One thread and no graph optimisation: the model is computed as it is written, and the same
    bits come out every time.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4  # failures are raised; warnings about odd models are not ours
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        values: list[NDArray[Any]] = session.run(outputs, dict(feed))
    except Exception as error:  # its errors share no base class but this
        raise OnnxError(
            "ONNX Runtime cannot run the model, so nothing can be shown about what a rewrite does",
            fields={"reason": " ".join(str(error).split())},
            hint="the node it names is where to look in the network or its export",
        ) from error
    return values


def node(node: onnx.NodeProto, inputs: Sequence[Any], opset: int) -> list[NDArray[Any]]:
    """All outputs of one node; `inputs` are arrays, in the order of its (present) inputs."""
    import numpy as np
    import onnx
    from onnx import helper

    arrays = [np.asarray(array) for array in inputs]
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    del copy.input[:], copy.output[:]
    names = iter(range(len(arrays)))
    copy.input.extend(f"i{next(names)}" if name else "" for name in node.input)
    copy.output.extend(f"o{k}" if name else "" for k, name in enumerate(node.output))
    graph = helper.make_graph(
        [copy],
        "main",
        [
            helper.make_tensor_value_info(
                f"i{k}", helper.np_dtype_to_tensor_dtype(a.dtype), list(a.shape)
            )
            for k, a in enumerate(arrays)
        ],
        [onnx.ValueInfoProto(name=name) for name in copy.output if name],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid(node.domain, opset)], ir_version=8
    )
    return run(model, {f"i{k}": a for k, a in enumerate(arrays)})
