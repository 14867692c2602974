"""Brings a graph to another opset, node by node, one boundary of an op's versions at a time.

An op's version is the opset since which its definition holds (`onnx.defs`). A node whose version is
the same at both opsets passes. Else each version in between must have a rule in `versions`; an op
that the older opset lacks is taken apart by its rewrite in `ops`. Anything else is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edgebuild.rewrites import forms
from edgebuild.rewrites.forms import Applied
from edgebuild.rewrites.graph import FORM_OPSET, Graph
from edgebuild.rewrites.refused import Refusal, RefusedError
from edgebuild.rewrites.versions import table

if TYPE_CHECKING:
    import onnx


def convert(graph: Graph, target: int, refusals: list[Refusal]) -> list[Applied]:
    """Bring every node to opset `target`. Nodes that cannot be are added to `refusals`."""
    applied: list[Applied] = []
    nodes: list[onnx.NodeProto] = []
    for node in graph.nodes:
        used: list[str] = []
        try:
            new = list(_convert(graph, node, graph.opset, target, used))
        except RefusedError as error:
            refusals.append(
                Refusal(op=node.op_type, node=node.name, why=error.why, hint=error.hint)
            )
            new = [node]
        graph.note(new)
        if len(new) != 1 or new[0] != node:
            applied.append(
                Applied(
                    rewrite=", ".join([f"opset {graph.opset} to {target}", *used]),
                    op=node.op_type,
                    node=node.name,
                    outputs=tuple(node.output),
                )
            )
        nodes += new
    graph.nodes = nodes
    graph.opset = target
    return applied


def version(op: str, opset: int) -> int | None:
    """Since when the definition of `op` holds that `opset` has; None if it has none."""
    from onnx import defs

    try:
        schema = defs.get_schema(op, opset, "")
    except defs.SchemaError:
        return None
    return None if schema.deprecated else int(schema.since_version)


def _convert(
    graph: Graph, node: onnx.NodeProto, old: int, new: int, used: list[str]
) -> Iterator[onnx.NodeProto]:
    """Names of rewrites are added to `used`."""
    if node.domain not in ("", "ai.onnx"):
        raise RefusedError(f"its domain `{node.domain}` is not ONNX")
    if old > table.NEWEST or new > table.NEWEST:
        raise RefusedError(
            f"opset {max(old, new)} is newer than the rules (they end at {table.NEWEST})"
        )
    here, there = version(node.op_type, old), version(node.op_type, new)
    if here is not None and here == there:
        yield node
    elif here is None:
        raise RefusedError(f"opset {old} has no such op")
    elif there is None and new < old:
        for part in _taken_apart(graph, node, old, new, used):
            yield from _convert(graph, part, FORM_OPSET, new, used)
    else:
        boundary, rule = table.rule(node.op_type, here, old, new)
        stop = boundary if new > old else boundary - 1
        for part in rule(graph, _copy(node)):
            _check_types(graph, part, stop)
            yield from _convert(graph, part, stop, new, used)


def _taken_apart(
    graph: Graph, node: onnx.NodeProto, old: int, new: int, used: list[str]
) -> list[onnx.NodeProto]:
    """Nodes of opset 13, none of the same op, that do what an op does that opset `new` lacks."""
    nodes = [node]
    if version(node.op_type, FORM_OPSET) is not None:  # rewrites take it in that form
        nodes = list(_convert(graph, node, old, FORM_OPSET, used))
    parts: list[onnx.NodeProto] = []
    for each in nodes:
        named = forms.rewrite(graph, each) if each.op_type == node.op_type else ("", [each])
        if named is None or any(part.op_type == node.op_type for part in named[1]):
            raise RefusedError(f"opset {new} has no such op, and no rewrite takes it apart")
        used += [named[0]] if named[0] else []
        parts += named[1]
    return parts


def _check_types(graph: Graph, node: onnx.NodeProto, opset: int) -> None:
    """RefusedError if the op of this opset does not take the types that the node is given."""
    from onnx import TensorProto, defs, helper

    schema = defs.get_schema(node.op_type, opset, "")
    allowed = {c.type_param_str: set(c.allowed_type_strs) for c in schema.type_constraints}
    bound: dict[str, str] = {}
    for k, name in enumerate(node.input):
        if not name or not schema.inputs:
            continue
        formal = schema.inputs[min(k, len(schema.inputs) - 1)]
        if name in graph.constants:
            number = helper.np_dtype_to_tensor_dtype(graph.constants[name].dtype)
        elif name in graph.types:
            number = graph.types[name]
        else:
            continue  # made by a rule a moment ago
        kind = f"tensor({TensorProto.DataType.Name(number).lower()})"
        if kind not in allowed.get(formal.type_str, {formal.type_str}):
            raise RefusedError(f"{node.op_type} of opset {opset} does not take {kind} (`{name}`)")
        if formal.is_homogeneous and bound.setdefault(formal.type_str, kind) != kind:
            both = f"{bound[formal.type_str]} and {kind}"
            raise RefusedError(f"{node.op_type} of opset {opset} does not take {both} together")


def _copy(node: onnx.NodeProto) -> onnx.NodeProto:
    import onnx

    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    return copy
