"""What the nodes of an ONNX model make: its order, what it is in another model, a copy that gives it out.

Needs the standard library only, so that an artifact's own tool environment can ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from edgebuild.formats import onnx_messages, protobuf

_GRAPH, _OUTPUT, _NAME = 7, 12, 1  # fields of ModelProto, GraphProto, ValueInfoProto
_FLOAT16 = 10  # TensorProto.DataType
_SAME: Mapping[str, str] = {}
_QUANTIZE, _DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"


@dataclass(frozen=True, kw_only=True)
class Value:
    """An output of a node of the main graph that depends on what the model is fed."""

    name: str
    op: str
    node: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Counterpart:
    """Where a value of one model is in another: `name` as floats, and `stored`, the integers that
    stand for them if it is quantised."""

    name: str
    stored: str = ""


def read(data: bytes) -> list[Value]:
    """The values of a sound model in the order of its graph. Those inside If, Loop and Scan are no part of
    it, nor is what follows from constants alone."""
    graph = _graph(data)
    live = {v.name for v in graph.inputs if v.name not in graph.initializers}
    found = []
    for node in graph.nodes:
        if live.isdisjoint(node.inputs) and not node.graphs:
            continue
        inputs = tuple(name for name in node.inputs if name)
        for name in filter(None, node.outputs):
            live.add(name)
            found.append(Value(name=name, op=node.op, node=node.name, inputs=inputs))
    return found


def outputs(data: bytes) -> list[str]:
    """Names of the model's outputs."""
    return [value.name for value in _graph(data).outputs]


def exposed(data: bytes, names: Iterable[str]) -> bytes:
    """The same model with these values as further outputs, untyped: ONNX Runtime finds their types itself.

    Protobuf defines that messages written one behind the other are merged, so nothing is parsed.
    """
    known = set(outputs(data))
    more = [name for name in dict.fromkeys(names) if name not in known]
    values = b"".join(protobuf.field(_OUTPUT, protobuf.field(_NAME, name)) for name in more)
    return data + protobuf.field(_GRAPH, values) if more else data


def counterparts(
    source: Sequence[Value], model: Sequence[Value], names: Mapping[str, str] = _SAME
) -> dict[str, Counterpart]:
    """The values of `source` that `model` has too, by name; `names` says what `model` calls some of them.

    A value that is quantised there counts as what the rest of the model sees of it, behind its
    Q/DQ pair.
    """
    makers = {value.name: value for value in model}
    readers: dict[str, list[Value]] = {}
    for value in model:
        for name in value.inputs:
            readers.setdefault(name, []).append(value)
    own = {value.name: names.get(value.name, value.name) for value in source}
    return {n: _counterpart(o, makers, readers) for n, o in own.items() if o in makers}


def arithmetic(data: bytes) -> Literal["8 bit", "float16", "float32"]:
    """What the model computes in: in integers if it is quantised anywhere, in halves if it has such weights."""
    graph = _graph(data)
    if any(node.op in (_QUANTIZE, _DEQUANTIZE) for node in graph.nodes):
        return "8 bit"
    kinds = {
        value for t in graph.initializers.values() for n, value in protobuf.fields(t) if n == 2
    }
    return "float16" if _FLOAT16 in kinds else "float32"


def _counterpart(
    name: str, makers: Mapping[str, Value], readers: Mapping[str, Sequence[Value]]
) -> Counterpart:
    maker, read_by = makers[name], readers.get(name, ())
    if maker.op == _DEQUANTIZE:
        return Counterpart(name=name, stored=maker.inputs[0])
    if read_by and all(reader.op == _QUANTIZE for reader in read_by):
        stored = read_by[0].name
        for reader in readers.get(stored, ()):
            if reader.op == _DEQUANTIZE:
                return Counterpart(name=reader.name, stored=stored)
    return Counterpart(name=name)


def _graph(data: bytes) -> onnx_messages.Graph:
    for number, value in protobuf.fields(memoryview(data)):
        if number == _GRAPH:
            return onnx_messages.read_graph(protobuf.message(number, value))
    return onnx_messages.Graph()
