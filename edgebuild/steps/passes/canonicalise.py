"""Brings any ONNX into the one form that the other passes and the backends expect.

Always the first pass. Functions of the model are inlined; initializers are no inputs; what nothing
reads is gone: nodes, initializers, optional outputs; inputs left empty at the end are left out; every
node has a name of its own; types and static shapes of all values are known and agree with the manifest.
The arithmetic is not touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgebuild.formats import onnx_canonical, onnx_contract, onnx_file
from edgebuild.step import Call, Contract, StepKind
from edgebuild.steps import examples

if TYPE_CHECKING:
    import onnx


def run(call: Call) -> None:
    """Clean up, give shapes, write."""
    import onnx.inliner

    model = onnx_file.load(call.inputs["model"])
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    onnx_contract.fix(model, Contract.from_json(call.facts["contract"]))
    opset = onnx_file.opset(model)
    for graph in onnx_canonical.graphs_of(model.graph):
        for node in graph.node:
            _drop_absent(node, opset)
    while _drop_unread(model.graph, opset):
        pass
    _drop_initializers(model.graph)
    onnx_contract.infer(model)
    onnx_file.check(model)
    onnx_file.save(model, call.outputs["model"])


def _drop_absent(node: onnx.NodeProto, opset: int) -> None:
    """Optional inputs at the end that have no name are left out: some compilers take none for one."""
    from onnx import defs

    least = 0 if node.domain else defs.get_schema(node.op_type, opset).min_input
    while not node.domain and len(node.input) > least and not node.input[-1]:
        del node.input[-1]


def _drop_unread(graph: onnx.GraphProto, opset: int) -> bool:
    """Without nodes and optional outputs that nothing reads; True if any went."""
    read = _read(graph)
    kept = [node for node in graph.node if read & set(node.output)]
    changed = len(kept) != len(graph.node)
    if changed:
        onnx_canonical.replace(graph.node, kept)
    for node in graph.node:
        changed |= _drop_outputs(node, read, opset)
        for inner in onnx_canonical.subgraphs(node):
            changed |= _drop_unread(inner, opset)
    return changed


def _read(graph: onnx.GraphProto) -> set[str]:
    """Names that a node, a graph inside a node, or the world reads."""
    read = {v.name for v in graph.output}
    for node in graph.node:
        read |= {*node.input, *onnx_canonical.captured(node)}
    return read - {""}


def _drop_outputs(node: onnx.NodeProto, read: set[str], opset: int) -> bool:
    """An unread optional output gets no name, at the end of the list no place either.

    Not for BatchNormalization: below opset 14 the number of its outputs says how it computes.
    """
    from onnx import defs

    if len(node.output) < 2 or node.domain or node.op_type == "BatchNormalization":
        return False
    before = list(node.output)
    formal = defs.get_schema(node.op_type, opset).outputs
    optional = defs.OpSchema.FormalParameterOption.Optional
    names = [
        "" if i < len(formal) and formal[i].option == optional and name not in read else name
        for i, name in enumerate(before)
    ]
    while not names[-1]:
        names.pop()
    node.output[:] = names
    return names != before


def _drop_initializers(graph: onnx.GraphProto) -> None:
    for node in graph.node:
        for inner in onnx_canonical.subgraphs(node):
            _drop_initializers(inner)
    read = _read(graph)
    for field, name in ((graph.initializer, "name"), (graph.sparse_initializer, "values.name")):
        onnx_canonical.replace(field, [t for t in field if _attribute(t, name) in read])


def _attribute(message: object, path: str) -> object:
    for part in path.split("."):
        message = getattr(message, part)
    return message


def example(folder: Path) -> Call:
    """The tiny model with an initializer as input, a dead branch and nodes without names."""
    from onnx import helper

    model = examples.model()
    model.graph.input.append(helper.make_tensor_value_info("w1", 1, [5, 3, 3, 3]))
    model.graph.node.append(helper.make_node("Neg", ["r1"], ["unread"]))
    model.graph.node[0].name = ""
    onnx_file.save(model, folder / "model.onnx")
    return examples.call(folder, KIND, inputs={"model": folder / "model.onnx"})


KIND = StepKind(
    role="pass",
    run=run,
    tools="onnx",
    consumes=("model",),
    produces={"model": "model.onnx"},
    facts=("contract",),
)
