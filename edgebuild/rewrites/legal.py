"""From a model to one that a compiler reads, or to another opset: all steps, and the proof."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgebuild.formats import onnx_file
from edgebuild.rewrites import assemble, equal, fold, forms, myriad, opsets
from edgebuild.rewrites.forms import Applied
from edgebuild.rewrites.graph import FORM_OPSET, Graph
from edgebuild.rewrites.refused import LegalizeError, Refusal, RefusedError

if TYPE_CHECKING:
    import onnx


def legalize(model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[Applied]]:
    """A model of opset 13 in the forms that the MyriadX compiler reads, and what was done for it.

    LegalizeError lists every node that cannot be brought there; equal.NotEqualError if the result
    were to compute anything else.
    """
    what = "the MyriadX compiler cannot read this model"
    graph = _opened(model, what, static=True)
    refusals: list[Refusal] = []
    applied = opsets.convert(graph, FORM_OPSET, refusals)
    if not refusals:
        _infer(graph, what)
        try:
            applied += forms.apply(graph, refusals)
        except RefusedError as error:
            raise LegalizeError(what, [Refusal(op="model", node="main", why=error.why)]) from error
        known = {(r.op, r.node) for r in refusals}
        refusals += [r for r in myriad.check(graph) if (r.op, r.node) not in known]
    else:
        refusals += _by_name(graph, refusals)
    if refusals:
        raise LegalizeError(what, refusals)
    assemble.own_outputs(graph)
    return _proven(model, graph, applied), applied


def change_opset(model: onnx.ModelProto, opset: int) -> tuple[onnx.ModelProto, list[Applied]]:
    """The same model at another opset, and what was done for it. Errors as with `legalize`."""
    what = f"this model cannot be brought to opset {opset}"
    graph = _opened(model, what, static=False)
    refusals: list[Refusal] = []
    applied = opsets.convert(graph, opset, refusals)
    if refusals:
        raise LegalizeError(what, refusals)
    _infer(graph, what)
    return _proven(model, graph, applied), applied


def _opened(model: onnx.ModelProto, what: str, *, static: bool) -> Graph:
    """The graph with constants folded; LegalizeError if it has what no rewrite can look into."""
    refusals = list(_closed(model, static))
    if refusals:
        raise LegalizeError(what, refusals)
    try:
        graph = Graph(model)
    except RefusedError as error:
        raise LegalizeError(what, [Refusal(op="Constant", node="", why=error.why)]) from error
    _infer(graph, what)
    if static:
        refusals = [
            Refusal(op=n.op_type, node=n.name, why="the shape of what it makes is not known before")
            for n in graph.nodes
            if not all(graph.has_shape(name) for name in n.output if name)
        ]
        if refusals:
            raise LegalizeError(what, [*refusals, *_by_name(graph, refusals)])
    return graph


def _infer(graph: Graph, what: str) -> None:
    try:
        assemble.bypass(graph)
        fold.fold(graph)
    except RefusedError as error:
        raise LegalizeError(what, [Refusal(op="model", node="main", why=error.why)]) from error


def _closed(model: onnx.ModelProto, static: bool) -> Iterator[Refusal]:
    constants = {tensor.name for tensor in model.graph.initializer}
    if model.graph.sparse_initializer:
        yield Refusal(op="model", node="main", why="sparse weights are not handled")
    for value in model.graph.input:
        kind = value.type.tensor_type
        dims = [d.dim_value if d.HasField("dim_value") else 0 for d in kind.shape.dim]
        if value.name not in constants and static and not (kind.HasField("shape") and all(dims)):
            yield Refusal(
                op="input",
                node=value.name,
                why="its shape is open",
                hint="declare the whole shape in the manifest's `inputs`",
            )
    inputs = {value.name for value in model.graph.input}
    for value in model.graph.output:
        if static and value.name in constants | inputs:
            why = "it is a constant" if value.name in constants else "it is an input"
            hint = "leave the output out of the network"
            yield Refusal(op="output", node=value.name, why=why, hint=hint)
    functions = {(function.domain, function.name) for function in model.functions}
    for node in model.graph.node:
        if (node.domain, node.op_type) in functions:
            why = "functions of the model are not looked into"
            hint = "inline them first: onnx.inliner.inline_local_functions"
            yield Refusal(op=node.op_type, node=node.name, why=why, hint=hint)
        elif node.domain not in ("", "ai.onnx"):
            why = f"its domain `{node.domain}` is not ONNX"
            yield Refusal(op=node.op_type, node=node.name, why=why)
        elif any(a.HasField("g") or a.graphs for a in node.attribute):
            hint = "export the branch that is used, or unroll the loop"
            why = "control flow is not handled"
            yield Refusal(op=node.op_type, node=node.name, why=why, hint=hint)


def _by_name(graph: Graph, refusals: list[Refusal]) -> list[Refusal]:
    """Also those that will be refused whatever comes before them, so that all are told at once."""
    known = {r.node for r in refusals}
    rewritten = {op for rewrite in forms.rewrites() for op in rewrite.ops}
    return [
        Refusal(op=node.op_type, node=node.name, why=myriad.unread(node))
        for node in graph.nodes
        if node.op_type not in rewritten and node.name not in known and myriad.unread(node)
    ]


def _proven(model: onnx.ModelProto, graph: Graph, applied: list[Applied]) -> onnx.ModelProto:
    result = assemble.model_of(graph, typed=True)
    onnx_file.check(result, "the rewritten model")
    if all(shape is not None for shape in (graph.shapes.get(v.name) for v in graph.inputs)):
        equal.prove(model, result, applied)
    return result
