"""Op sets, inputs, outputs and nodes of an ONNX file, read with the standard library.

For steps that run where no `onnx` package is. Weights are skipped, not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgebuild.errors import EdgebuildError
from edgebuild.formats import protobuf
from edgebuild.formats.onnx_messages import (
    Attribute,
    Graph,
    OnnxValue,
    Shape,
    integer_values,
    is_external,
    read_graph,
)
from edgebuild.formats.protobuf import ProtobufError, integer, message, text

__all__ = ["OnnxHeader", "OnnxHeaderError", "OnnxNode", "OnnxValue", "read", "read_file"]


class OnnxHeaderError(EdgebuildError):
    """A file that is no ONNX model, or one whose header contradicts itself."""


@dataclass(frozen=True, kw_only=True)
class OnnxNode:
    """A node, of the graph or of one nested in it. Attributes are numbers, texts and lists of
    numbers; tensors and graphs are left out.

    `constant` = it depends on no graph input, so a compiler computes it beforehand; a node of a
    nested graph never counts as constant.
    """

    name: str
    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    constant: bool


@dataclass(frozen=True, kw_only=True)
class OnnxHeader:
    """A model without its weights.

    `opsets` by domain, the default domain as `""`. `inputs` are those a user feeds, not the
    initializers that old files list too. `shapes` holds what the file says of any value's shape.
    """

    ir_version: int
    opsets: Mapping[str, int]
    inputs: tuple[OnnxValue, ...]
    outputs: tuple[OnnxValue, ...]
    nodes: tuple[OnnxNode, ...]
    shapes: Mapping[str, Shape]
    external_data: bool
    tensors: Mapping[str, memoryview] = field(repr=False)

    @property
    def opset(self) -> int:
        """Version of the default domain; 0 if the file names none."""
        return self.opsets.get("", 0)

    def integers(self, name: str) -> tuple[int, ...] | None:
        """Values of a constant of int64 or int32; None if `name` is no such constant."""
        return integer_values(self.tensors[name]) if name in self.tensors else None


def read_file(path: Path) -> OnnxHeader:
    """`read` on a file."""
    return read(path.read_bytes())


def read(data: bytes) -> OnnxHeader:
    """Parse a model. OnnxHeaderError if it is none, or has no graph, or more than one."""
    try:
        return _model(memoryview(data))
    except ProtobufError as error:
        raise OnnxHeaderError(f"not an ONNX model: {error.message}", fields=error.fields) from None


def _model(data: memoryview) -> OnnxHeader:
    ir_version = 0
    opsets: dict[str, int] = {}
    graphs: list[Graph] = []
    for number, value in protobuf.fields(data):
        if number == 1:
            ir_version = integer(number, value)
        elif number == 7:
            graphs.append(read_graph(message(number, value)))
        elif number == 8:
            domain, version = _opset(message(number, value))
            if opsets.setdefault(domain, version) != version:
                raise OnnxHeaderError(f"two versions of the op set `{domain or 'ai.onnx'}`")
    if len(graphs) != 1:
        raise OnnxHeaderError(f"a model has one graph, this file has {len(graphs)}")
    graph = graphs[0]
    fed = tuple(v for v in graph.inputs if v.name not in graph.initializers)
    values = (*graph.others, *graph.inputs, *graph.outputs)
    constants = {
        n.outputs[0]: t for n in graph.nodes if n.op == "Constant" and n.outputs for t in n.tensors
    }
    return OnnxHeader(
        ir_version=ir_version,
        opsets=opsets,
        inputs=fed,
        outputs=tuple(graph.outputs),
        nodes=tuple(_flatten(graph, {v.name for v in fed})),
        shapes={v.name: v.shape for v in values if v.shape is not None},
        external_data=_has_external_data(graph),
        tensors={**constants, **graph.initializers},
    )


def _flatten(graph: Graph, live: set[str] | None) -> Iterator[OnnxNode]:
    """Nodes in order, nested graphs behind the node that holds them. `live` = names that depend
    on what a user feeds (grown on the way); None = all do."""
    for node in graph.nodes:
        # Shapes are static here, so what is computed from a shape alone is constant too.
        constant = (
            live is not None
            and not node.graphs
            and (node.op == "Shape" or live.isdisjoint(node.inputs))
        )
        if live is not None and not constant:
            live.update(node.outputs)
        yield OnnxNode(
            name=node.name,
            op=node.op,
            domain=node.domain,
            inputs=tuple(node.inputs),
            outputs=tuple(node.outputs),
            attributes=node.attributes,
            constant=constant,
        )
        for nested in node.graphs:
            yield from _flatten(nested, None)


def _has_external_data(graph: Graph) -> bool:
    tensors = [*graph.initializers.values(), *(t for node in graph.nodes for t in node.tensors)]
    return any(map(is_external, tensors)) or any(
        _has_external_data(nested) for node in graph.nodes for nested in node.graphs
    )


def _opset(data: memoryview) -> tuple[str, int]:
    domain, version = "", 0
    for number, value in protobuf.fields(data):
        if number == 1:
            domain = text(number, value)
        elif number == 2:
            version = integer(number, value)
    return ("" if domain == "ai.onnx" else domain), version
