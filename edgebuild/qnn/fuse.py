"""Says in one op what a graph says in several, or in one that quantised arithmetic suits better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgebuild.formats import onnx_canonical

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray


def fuse_softmax(graph: onnx.GraphProto) -> int:
    """`exp(x) / sum(exp(x))` becomes Softmax; how many there were. Opset 13 or newer.

    The same by definition, but a quantised exponential has too few steps for its range, and
    float16 ends at exp(11).
    """
    values = _values(graph)
    makers = {name: node for node in graph.node for name in node.output}
    reads = _reads(graph)
    fused = []
    for node in graph.node:
        if node.op_type != "Div":
            continue
        top, bottom = (makers.get(name) for name in node.input)
        if top is None or bottom is None or (top.op_type, bottom.op_type) != ("Exp", "ReduceSum"):
            continue
        axes = values.get(bottom.input[1]) if len(bottom.input) > 1 else None
        alone = reads[top.output[0]] == 2 and reads[bottom.output[0]] == 1
        keeps = all(a.i == 1 for a in bottom.attribute if a.name == "keepdims")
        same = bottom.input[0] == top.output[0]
        if alone and keeps and same and axes is not None and axes.size == 1:
            fused.append((node, top, bottom, int(axes.reshape(-1)[0])))
    for node, top, bottom, axis in fused:
        _become(node, "Softmax", [top.input[0]], axis=axis)
        graph.node.remove(top)
        graph.node.remove(bottom)
    drop_unread(graph)
    return len(fused)


def batch_norms_to_convs(graph: onnx.GraphProto) -> int:
    """A batch norm left on its own becomes a convolution of each channel; how many there were.

    The HTP takes a 16-bit Batchnorm on Hexagon v73 and later only, and a convolution rounds once.
    The types of values must be inferred.
    """
    import numpy as np
    from onnx import numpy_helper

    values = _values(graph)
    ranks = {v.name: len(v.type.tensor_type.shape.dim) for v in (*graph.input, *graph.value_info)}
    count = 0
    for node in graph.node:
        if node.op_type != "BatchNormalization" or ranks.get(node.input[0]) != 4:
            continue
        given = [values.get(name) for name in node.input[1:5]]
        if len(node.output) != 1 or any(value is None for value in given):
            continue
        scale, bias, mean, variance = (np.asarray(v, np.float64) for v in given)
        epsilon = next((a.f for a in node.attribute if a.name == "epsilon"), 1e-5)
        factor = scale / np.sqrt(variance + epsilon)
        # Not `_scale`: that is what ONNX Runtime's quantiser calls the scale of the value.
        weight, shift = f"{node.output[0]}_bn_weight", f"{node.output[0]}_bn_bias"
        for name, array in ((weight, factor.reshape(-1, 1, 1, 1)), (shift, bias - mean * factor)):
            graph.initializer.append(numpy_helper.from_array(array.astype(np.float32), name))
        channels = len(factor)
        _become(node, "Conv", [node.input[0], weight, shift], group=channels, kernel_shape=[1, 1])
        count += 1
    drop_unread(graph)
    return count


def gemm_biases(graph: onnx.GraphProto) -> int:
    """What a Gemm adds becomes one number a column, or an Add behind it; how many there were.

    ONNX Runtime's quantiser takes no other form, and forgets `beta`: it becomes 1. The types of values
    have to be inferred anew.
    """
    import numpy as np
    from onnx import helper, numpy_helper

    values = _values(graph)
    nodes, count = [], 0
    for node in graph.node:
        nodes.append(node)
        name = node.input[2] if node.op_type == "Gemm" and len(node.input) > 2 else ""
        if not name:
            continue
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        beta = attributes.pop("beta", 1.0)
        added, weight = values.get(name), values.get(node.input[1])
        columns = weight.shape[0 if attributes.get("transB", 0) else 1] if weight is not None else 0
        if added is not None and added.ndim == 1 and added.size > 1 and beta == 1:
            continue
        count += 1
        output, inputs = node.output[0], list(node.input)
        if added is not None and added.shape[:-1] in ((), (1,)) and max(columns, added.size) > 1:
            row = np.broadcast_to(added.reshape(-1), (max(columns, added.size),))
            inputs[2] = f"{output}_gemm_bias"
            scaled = (row * beta).astype(row.dtype)
            graph.initializer.append(numpy_helper.from_array(scaled, inputs[2]))
            _become(node, "Gemm", inputs, **attributes)
            continue
        if beta != 1:
            factor, term = f"{output}_gemm_beta", f"{output}_gemm_term"
            graph.initializer.append(numpy_helper.from_array(np.float32([beta]), factor))
            nodes.append(helper.make_node("Mul", [name, factor], [term], term))
            name = term
        _become(node, "Gemm", inputs[:2], **attributes)
        node.output[0] = f"{output}_gemm"
        nodes.append(helper.make_node("Add", [node.output[0], name], [output], f"{output}_add"))
    onnx_canonical.replace(graph.node, nodes)
    drop_unread(graph)
    return count


def drop_unread(graph: onnx.GraphProto) -> None:
    """Without the initializers that nothing reads any more."""
    reads = _reads(graph)
    onnx_canonical.replace(graph.initializer, [t for t in graph.initializer if t.name in reads])


def _become(node: onnx.NodeProto, op: str, inputs: list[str], **attributes: Any) -> None:
    from onnx import helper

    made = helper.make_node(op, inputs, list(node.output), node.name, **attributes)
    node.CopyFrom(made)


def _values(graph: onnx.GraphProto) -> dict[str, NDArray[Any]]:
    from onnx import numpy_helper

    return {t.name: numpy_helper.to_array(t) for t in graph.initializer}


def _reads(graph: onnx.GraphProto) -> dict[str, int]:
    """How often each value is read, by nodes, by graphs inside them, by the world."""
    reads: dict[str, int] = {}
    for value in graph.output:
        reads[value.name] = 1
    for node in graph.node:
        for name in (*node.input, *onnx_canonical.captured(node)):
            reads[name] = reads.get(name, 0) + 1
    return reads
