"""What does not depend on the model's inputs is computed once: shapes, constant weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebuild.rewrites import assemble, evaluate
from edgebuild.rewrites.graph import Graph, attribute

if TYPE_CHECKING:
    import onnx

LARGEST_ELEMENTS = 2**24  # above this a constant costs more than the node that makes it
RANDOM = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
}


def fold(graph: Graph) -> None:
    """Replace by their values all nodes that read only constants, and shapes that are static.

    Shapes are inferred again until nothing more is known. Ends with types and shapes of every
    value in the graph.
    """
    while True:
        assemble.prune(graph)
        assemble.infer(graph)
        if not _shapes(graph) | _constants(graph):
            return


def _shapes(graph: Graph) -> bool:
    """Shape and Size of values whose shape is known."""
    import numpy as np

    left = []
    for node in graph.nodes:
        if node.op_type not in ("Shape", "Size") or not graph.has_shape(node.input[0]):
            left.append(node)
            continue
        if node.output[0] in graph.output_names:  # stays the output of a node
            left.append(node)
            continue
        shape = graph.shape(node.input[0])
        if node.op_type == "Size":
            value = np.array(int(np.prod(shape)), np.int64)
        else:
            part = slice(attribute(node, "start", 0), attribute(node, "end"))
            value = np.array(shape[part], np.int64)
        graph.constants[node.output[0]] = value
    return _keep(graph, left)


def _constants(graph: Graph) -> bool:
    """Nodes that read only constants, run together as one model."""
    import onnx
    from onnx import helper, numpy_helper

    known = set(graph.constants)
    foldable = [node for node in graph.nodes if _can_fold(graph, node, known)]
    if not foldable:
        return False
    made = [name for node in foldable for name in node.output if name]
    read = {name for node in foldable for name in node.input}
    body = helper.make_graph(
        foldable,
        "main",
        [],
        [onnx.ValueInfoProto(name=name) for name in made],
        [numpy_helper.from_array(a, n) for n, a in graph.constants.items() if n in read],
    )
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", graph.opset)], ir_version=8
    )
    values = evaluate.run(model, {})
    graph.constants.update(zip(made, values, strict=True))
    gone = {node.output[0] for node in foldable}
    return _keep(graph, [node for node in graph.nodes if node.output[0] not in gone])


def _can_fold(graph: Graph, node: onnx.NodeProto, known: set[str]) -> bool:
    """Adds what the node makes to `known` if so."""
    import numpy as np

    if node.domain or node.op_type in RANDOM or any(a.HasField("g") for a in node.attribute):
        return False
    if not all(name in known for name in node.input if name):
        return False
    for name in filter(None, node.output):
        shape = graph.shapes.get(name)
        if shape is not None and int(np.prod(shape)) > LARGEST_ELEMENTS:
            return False
    if set(graph.output_names).intersection(node.output):
        return False  # a model's output stays the output of a node
    known.update(filter(None, node.output))
    return True


def _keep(graph: Graph, nodes: list[onnx.NodeProto]) -> bool:
    changed = len(nodes) != len(graph.nodes)
    graph.nodes = nodes
    return changed
