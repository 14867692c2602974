"""The messages of an ONNX file that say what a model is, as they stand in the file.

Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Weights are kept
as views of the file's bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from edgebuild.formats import protobuf
from edgebuild.formats.protobuf import ProtobufError, integer, message, text

Shape = tuple[int | None, ...]
Attribute = int | float | str | tuple[int, ...] | tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class OnnxValue:
    """A graph input or output. A dimension is None where the file does not fix it; `shape` is
    None where it does not say even the rank. `dtype` is the file's name for it (`FLOAT`)."""

    name: str
    dtype: str
    shape: Shape | None


@dataclass(kw_only=True)
class Graph:
    """A graph. `others` are values between inputs and outputs whose shape the file tells."""

    inputs: list[OnnxValue] = field(default_factory=list)
    outputs: list[OnnxValue] = field(default_factory=list)
    others: list[OnnxValue] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    initializers: dict[str, memoryview] = field(default_factory=dict)


@dataclass(kw_only=True)
class Node:
    """A node. Its attributes that are tensors or graphs stand apart, without their names."""

    name: str = ""
    op: str = ""
    domain: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: dict[str, Attribute] = field(default_factory=dict)
    tensors: list[memoryview] = field(default_factory=list)
    graphs: list[Graph] = field(default_factory=list)


def read_graph(data: memoryview, nesting: int = 32) -> Graph:
    """A GraphProto; `nesting` bounds graphs inside nodes inside graphs. Real models have three."""
    if nesting == 0:
        raise ProtobufError("graphs nested deeper than any model's")
    graph = Graph()
    values = {11: graph.inputs, 12: graph.outputs, 13: graph.others}
    for number, value in protobuf.fields(data):
        if number == 1:
            graph.nodes.append(_node(message(number, value), nesting))
        elif number == 5:
            tensor = message(number, value)
            graph.initializers[_tensor_name(tensor)] = tensor
        elif number == 15:  # a sparse initializer; its name stands in its values
            for inner, part in protobuf.fields(message(number, value)):
                if inner == 1:
                    tensor = message(inner, part)
                    graph.initializers[_tensor_name(tensor)] = tensor
        elif number in values:
            values[number].append(_value(message(number, value)))
    return graph


def _node(data: memoryview, nesting: int) -> Node:
    node = Node()
    for number, value in protobuf.fields(data):
        if number == 1:
            node.inputs.append(text(number, value))
        elif number == 2:
            node.outputs.append(text(number, value))
        elif number == 3:
            node.name = text(number, value)
        elif number == 4:
            node.op = text(number, value)
        elif number == 5:
            _attribute(message(number, value), node, nesting)
        elif number == 7:
            domain = text(number, value)
            node.domain = "" if domain == "ai.onnx" else domain
    return node


def _attribute(data: memoryview, node: Node, nesting: int) -> None:
    """Into the node: a number, a text, a list of numbers; its tensors and graphs."""
    name = ""
    found: Attribute | None = None
    integers: list[int] = []
    floats: list[float] = []
    for number, value in protobuf.fields(data):
        if number == 1:
            name = text(number, value)
        elif number == 2:
            found = _floats(message(number, value))[0]
        elif number == 3:
            found = integer(number, value)
        elif number == 4:
            found = bytes(message(number, value)).decode(errors="replace")
        elif number in (5, 10):
            node.tensors.append(message(number, value))
        elif number in (6, 11):
            node.graphs.append(read_graph(message(number, value), nesting - 1))
        elif number == 7:
            floats += _floats(message(number, value))
        elif number == 8:
            integers += protobuf.integers(number, value)
    if integers or floats:
        found = tuple(integers) or tuple(floats)
    if found is not None:
        node.attributes[name] = found


def _floats(data: memoryview) -> tuple[float, ...]:
    if not data or len(data) % 4:
        raise ProtobufError(f"{len(data)} bytes are no float32 values")
    return struct.unpack(f"<{len(data) // 4}f", data)


def is_external(tensor: memoryview) -> bool:
    """Whether a tensor's values are in another file."""
    return any(n == 13 or (n == 14 and value == 1) for n, value in protobuf.fields(tensor))


def integer_values(tensor: memoryview) -> tuple[int, ...] | None:
    """Values of a tensor of int64 or int32; None for one of another type."""
    code, raw = 0, None
    found: list[int] = []
    for number, value in protobuf.fields(tensor):
        if number == 2:
            code = integer(number, value)
        elif number in (5, 7):
            found += protobuf.integers(number, value)
        elif number == 9:
            raw = message(number, value)
    form = {6: "i", 7: "q"}.get(code)
    if form is None:
        return None
    if raw is None:
        return tuple(found)
    count, rest = divmod(len(raw), struct.calcsize(form))
    if rest:
        raise ProtobufError(f"a constant of {len(raw)} bytes that is no list of integers")
    return struct.unpack(f"<{count}{form}", raw)


def _tensor_name(tensor: memoryview) -> str:
    return next((text(n, value) for n, value in protobuf.fields(tensor) if n == 8), "")


_CODES = """UNDEFINED FLOAT UINT8 INT8 UINT16 INT16 INT32 INT64 STRING BOOL FLOAT16 DOUBLE UINT32
UINT64 COMPLEX64 COMPLEX128 BFLOAT16"""
_DTYPES = _CODES.split()


def _value(data: memoryview) -> OnnxValue:
    name, dtype, shape = "", "UNDEFINED", None
    for number, value in protobuf.fields(data):
        if number == 1:
            name = text(number, value)
        elif number == 2:
            for inner, part in protobuf.fields(message(number, value)):
                if inner == 1:  # a tensor; sequences, maps and optionals have no dtype here
                    dtype, shape = _tensor_type(message(inner, part))
    return OnnxValue(name=name, dtype=dtype, shape=shape)


def _tensor_type(data: memoryview) -> tuple[str, Shape | None]:
    dtype, shape = "UNDEFINED", None
    for number, value in protobuf.fields(data):
        if number == 1:
            code = integer(number, value)
            dtype = _DTYPES[code] if 0 <= code < len(_DTYPES) else f"type {code}"
        elif number == 2:
            shape = tuple(
                _dimension(message(inner, part))
                for inner, part in protobuf.fields(message(number, value))
                if inner == 1
            )
    return dtype, shape


def _dimension(data: memoryview) -> int | None:
    size = None
    for number, value in protobuf.fields(data):
        if number == 1:
            size = integer(number, value)
    return size
