"""The canonical form of an ONNX model: what it computes and nothing of where or how it was made."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

PRODUCER = "edgebuild"
GRAPH = "main"


def canonical(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of `model` that is equal for every model that differs in these only:

    doc strings, metadata, producer, versions of the producer and of the file's form (it is the
    oldest that holds the model), training information, hints on devices, the graph's name; the
    order of attributes, of initializers, of type annotations, of opset imports; how a tensor's
    values are stored; nodes out of topological order; spelling of the default domain; imports of
    domains that no op uses; annotations of values that do not exist. A node without a name, or
    with one that is taken, gets one: placements and quantisers know nodes by name.
    """
    import onnx

    out = onnx.ModelProto()
    out.CopyFrom(model)
    out.producer_name, out.producer_version = PRODUCER, ""
    for field in (
        "domain",
        "model_version",
        "doc_string",
        "metadata_props",
        "training_info",
        "configuration",
    ):
        out.ClearField(field)
    _graph(out.graph)
    out.graph.name = GRAPH
    _name_nodes(out.graph)
    for function in out.functions:
        _clear(function)
        for value in function.value_info:
            _clear(value)
        for node in function.node:
            _node(node)
    _sort(out.functions, key=lambda f: (f.domain, f.name, f.overload))
    _imports(out)
    out.ir_version = _ir_version(out)
    return out


def graphs_of(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """`graph` and the graphs in its nodes' attributes, outermost first."""
    yield graph
    for node in graph.node:
        for inner in subgraphs(node):
            yield from graphs_of(inner)


def subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs right inside `node`: bodies of If, Loop, Scan."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def nodes_of(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """Every node: of the graph, of graphs inside it, of the model's functions."""
    for graph in graphs_of(model.graph):
        yield from graph.node
    for function in model.functions:
        for node in function.node:
            yield node
            for inner in subgraphs(node):
                for graph in graphs_of(inner):
                    yield from graph.node


def tensors_of(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor with values: initializers, attributes, sparse parts, in functions too."""
    for node in nodes_of(model):
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            sparse = list(attribute.sparse_tensors)
            if attribute.HasField("sparse_tensor"):
                sparse.append(attribute.sparse_tensor)
            for both in sparse:
                yield both.values
                yield both.indices
            for inner in (attribute.g, *attribute.graphs):
                yield from _initializers(inner)
    yield from _initializers(model.graph)
    for info in model.training_info:
        for graph in (info.initialization, info.algorithm):
            for part in graphs_of(graph):
                yield from _initializers(part)


def _initializers(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield sparse.values
        yield sparse.indices


def _graph(graph: onnx.GraphProto) -> None:
    _clear(graph)
    for node in graph.node:
        _node(node)
    _topological(graph)
    for values in (graph.input, graph.output, graph.value_info):
        for value in values:
            _clear(value)
    place: dict[str, int] = {}
    for node in graph.node:
        for name in (*node.input, *node.output, *sorted(captured(node))):
            place.setdefault(name, len(place))
    made = {name for node in graph.node for name in node.output}
    known = {v.name for v in (*graph.input, *graph.output)} | {t.name for t in graph.initializer}
    infos = {v.name: v for v in graph.value_info if v.name in made and v.name not in known}
    kept = sorted(infos.values(), key=lambda v: place[v.name])
    replace(graph.value_info, kept)
    for tensor in graph.initializer:
        _tensor(tensor)
    last = len(place)
    _sort(graph.initializer, key=lambda t: (place.get(t.name, last), t.name))
    _sort(graph.sparse_initializer, key=lambda s: (place.get(s.values.name, last), s.values.name))
    _sort(graph.quantization_annotation, key=lambda q: q.tensor_name)


def _node(node: onnx.NodeProto) -> None:
    _clear(node)
    if node.domain == "ai.onnx":
        node.domain = ""
    for attribute in node.attribute:
        attribute.doc_string = ""
        if attribute.HasField("t"):
            _tensor(attribute.t)
        for tensor in attribute.tensors:
            _tensor(tensor)
    _sort(node.attribute, key=lambda a: a.name)
    for inner in subgraphs(node):
        _graph(inner)


def _name_nodes(main: onnx.GraphProto) -> None:
    """Its own name, else its op and first output; a number where that is taken."""
    taken: set[str] = set()
    for graph in graphs_of(main):
        for node in graph.node:
            output = next((name for name in node.output if name), "")
            name = base = node.name or f"{node.op_type}_{output}"
            number = 1
            while name in taken:
                number += 1
                name = f"{base}_{number}"
            taken.add(name)
            node.name = name


def _tensor(tensor: onnx.TensorProto) -> None:
    """Values as raw little-endian bytes, the one form that all types but strings share."""
    import onnx
    from onnx import numpy_helper

    _clear(tensor)
    if tensor.HasField("raw_data") or tensor.data_type == onnx.TensorProto.STRING:
        return
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        return
    dims, kind = list(tensor.dims), tensor.data_type
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name))
    assert (list(tensor.dims), tensor.data_type) == (dims, kind), tensor.name


def _clear(message: Any) -> None:
    """Without doc string and metadata, whatever this version of ONNX lets `message` carry."""
    for field in ("doc_string", "metadata_props", "device_configurations"):
        if field in message.DESCRIPTOR.fields_by_name:
            message.ClearField(field)


def _topological(graph: onnx.GraphProto) -> None:
    """Every node after those it reads from; nodes that are in order stay where they are."""
    maker = {name: i for i, node in enumerate(graph.node) for name in node.output if name}
    waits: list[set[int]] = []
    readers: dict[int, list[int]] = {}
    for i, node in enumerate(graph.node):
        needs = {maker[n] for n in (*node.input, *captured(node)) if n in maker} - {i}
        waits.append(needs)
        for need in needs:
            readers.setdefault(need, []).append(i)
    ready = [i for i, needs in enumerate(waits) if not needs]
    order = []
    while ready:
        i = heapq.heappop(ready)
        order.append(i)
        for reader in readers.get(i, ()):
            waits[reader].discard(i)
            if not waits[reader]:
                heapq.heappush(ready, reader)
    if len(order) == len(graph.node) and order != sorted(order):  # a cycle is the checker's find
        replace(graph.node, [graph.node[i] for i in order])


def captured(node: onnx.NodeProto) -> set[str]:
    """Names that graphs inside `node` read from around it."""
    names: set[str] = set()
    for graph in subgraphs(node):
        inside = {v.name for v in graph.input} | {t.name for t in graph.initializer}
        inside |= {name for inner in graph.node for name in inner.output}
        read = {v.name for v in graph.output}
        for inner in graph.node:
            read |= {*inner.input, *captured(inner)}
        names |= read - inside - {""}
    return names


def rename_captured(node: onnx.NodeProto, names: Mapping[str, str]) -> None:
    """Read values from around `node` under other names, in the graphs inside it."""
    for graph in subgraphs(node):
        for inner in graph.node:
            inner.input[:] = [names.get(name, name) for name in inner.input]
            rename_captured(inner, names)
        made = {name for inner in graph.node for name in inner.output}
        made |= {t.name for t in graph.initializer} | {v.name for v in graph.input}
        for value in graph.output:
            if value.name not in made:
                value.name = names.get(value.name, value.name)


def _imports(model: onnx.ModelProto) -> None:
    used = {"", *(f.domain for f in model.functions), *(n.domain for n in nodes_of(model))}
    versions = {("" if o.domain == "ai.onnx" else o.domain): o.version for o in model.opset_import}
    del model.opset_import[:]
    for domain, version in sorted(versions.items()):
        if domain in used:
            model.opset_import.add(domain=domain, version=version)


def _ir_version(model: onnx.ModelProto) -> int:
    """The oldest that its opsets and functions allow: a newer one only shuts out runtimes."""
    from onnx import helper

    least: int = helper.find_min_ir_version_for(list(model.opset_import), ignore_unknown=True)
    if model.functions:
        least = max(least, 10 if any(f.overload for f in model.functions) else 8)
    return max(least, 4)  # before 4 every initializer had to be an input


def _sort(repeated: Any, key: Any) -> None:
    replace(repeated, sorted(repeated, key=key))


def replace(repeated: Any, items: list[Any]) -> None:
    """Put `items`, which may be of `repeated` itself, in place of what it holds."""
    copies = [type(item).FromString(item.SerializeToString()) for item in items]
    del repeated[:]
    repeated.extend(copies)
