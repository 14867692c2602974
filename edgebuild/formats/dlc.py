"""Qualcomm's DLC, format 4: graphs, nodes, tensors, quantisation and weights, by plain Python."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from edgebuild.formats import flatbuffer
from edgebuild.formats.dlc_container import DlcError, Member, members
from edgebuild.formats.dlc_metadata import converters, normalise
from edgebuild.formats.flatbuffer import FlatbufferError, Table

__all__ = ["Dlc", "DlcError", "Graph", "Node", "Quantization", "Tensor", "normalise", "read"]

Role = Literal["input", "output", "native", "static", "other"]

# QNN's Qnn_DataType_t; `fxp` are quantised. Item sizes are the number at the end, in bits.
_DTYPES = {
    0x008: "int8",
    0x016: "int16",
    0x032: "int32",
    0x064: "int64",
    0x108: "uint8",
    0x116: "uint16",
    0x132: "uint32",
    0x164: "uint64",
    0x216: "float16",
    0x232: "float32",
    0x304: "sfxp4",
    0x308: "sfxp8",
    0x316: "sfxp16",
    0x332: "sfxp32",
    0x404: "ufxp4",
    0x408: "ufxp8",
    0x416: "ufxp16",
    0x432: "ufxp32",
    0x508: "bool8",
    0x608: "string",
}
_FLOAT32, _STRINGS = 0x232, (0x608, 0x7FFFFFFF)
_ROLES: Mapping[int, Role] = {0: "input", 1: "output", 3: "native", 4: "static"}
_MAGIC = b"\xd5\x0a"
_MOST_DIMENSIONS = 16
_LARGEST_TENSOR = 2**40


@dataclass(frozen=True, kw_only=True)
class Quantization:
    """How stored integers are numbers: `real = (stored + offset) * scale`.

    One scale and offset for the whole tensor, or one for each index along `axis`.
    """

    bits: int
    scales: tuple[float, ...]
    offsets: tuple[int, ...]
    axis: int | None = None


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """A tensor of a graph; `dtype` is QNN's, such as `float32` or `ufxp8` (quantised)."""

    name: str
    id: int
    role: Role
    dtype: str
    shape: tuple[int, ...]
    quantization: Quantization | None = None


Attribute = int | float | str | Tensor


@dataclass(frozen=True, kw_only=True)
class Node:
    """One op: QNN's type, such as `Conv2d`, and the names of the tensors it reads and makes."""

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Nodes in order of execution; tensors in the file's order; values of the static ones."""

    name: str
    nodes: tuple[Node, ...]
    tensors: Mapping[str, Tensor]
    weights: Mapping[str, memoryview] = field(repr=False)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """In the order of their ids, which is the order of the model they were made from."""
        return self._of("input")

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """In the order of their ids."""
        return self._of("output")

    def _of(self, role: Role) -> tuple[Tensor, ...]:
        return tuple(
            sorted((t for t in self.tensors.values() if t.role == role), key=lambda t: t.id)
        )


@dataclass(frozen=True, kw_only=True)
class Dlc:
    """A whole file. `members` are the sizes of its parts in bytes; `converters` the versions of the
    QNN or SNPE tools that made it, such as `2.51.0.260929181845`."""

    members: Mapping[str, int]
    converters: tuple[str, ...]
    graphs: tuple[Graph, ...]


def read(data: bytes) -> Dlc:
    """The DLC in these bytes; weights are views of them. DlcError for anything else.

    Every offset is checked; the field numbers are those of netron's published DLC schema, the
    layout of `model.params.bin` was seen in files made by QNN 2.51.
    """
    parts = members(data)
    try:
        weights = _weights(data, parts)
        tables = _root(data, parts, "model", b"NETD").tables(4)
        graphs = tuple(_graph(table, weights) for table in tables)
    except FlatbufferError as error:
        raise DlcError(f"the DLC is damaged: {error.message}") from error
    names = {graph.name for graph in graphs}
    if len(names) != len(graphs) or not weights.keys() <= names:
        raise DlcError("the DLC's graphs and weights do not belong together")
    return Dlc(
        members={m.name: m.size for m in parts.values()},
        converters=converters(data, parts.values()),
        graphs=graphs,
    )


def _root(data: bytes, parts: Mapping[str, Member], name: str, identifier: bytes) -> Table:
    if name not in parts:
        raise DlcError(f"the DLC has no member `{name}`")
    member = parts[name]
    content = memoryview(data)[member.offset : member.offset + member.size]
    if bytes(content[:2]) != _MAGIC:
        raise DlcError(f"member `{name}` is not what a DLC has under this name")
    if bytes(content[2:3]) != b"\x04":
        raise DlcError(
            f"the DLC is of format {content[2] if len(content) > 2 else 0}; only format 4 is read",
            hint="convert the model again with QNN or SNPE 2.x",
        )
    return flatbuffer.root(content[8:], identifier)


def _graph(table: Table, weights: Mapping[str, Mapping[str, memoryview]]) -> Graph:
    name = table.text(4)
    tensors: dict[str, Tensor] = {}
    for entry in table.tables(8):
        tensor = _tensor(entry)
        if tensor.name in tensors:
            raise DlcError(f"the DLC has two tensors `{tensor.name}`")
        tensors[tensor.name] = tensor
    nodes = tuple(_node(entry) for entry in table.tables(6))
    for node in nodes:
        for used in (*node.inputs, *node.outputs):
            if used and used not in tensors:
                raise DlcError(f"node `{node.name}` uses a tensor that is not there: `{used}`")
    graph = Graph(name=name, nodes=nodes, tensors=tensors, weights=weights.get(name, {}))
    for key, values in graph.weights.items():
        _check_weight(tensors.get(key), key, values)
    return graph


def _check_weight(tensor: Tensor | None, name: str, values: memoryview) -> None:
    if tensor is None:
        raise DlcError(f"the DLC has weights for a tensor that is not there: `{name}`")
    bits = re.search(r"\d+$", tensor.dtype)
    # Four-bit values are packed or not, depending on the tool: their size proves nothing.
    if bits and int(bits[0]) >= 8 and len(values) != math.prod(tensor.shape) * int(bits[0]) // 8:
        raise DlcError(f"the weights of `{name}` have {len(values)} bytes, not those of its shape")


def _tensor(table: Table) -> Tensor:
    code = table.number(16, "i")
    shape = table.numbers(10, "i")
    if any(size < 0 for size in shape) or len(shape) > _MOST_DIMENSIONS:
        raise DlcError(f"a tensor has the impossible shape {list(shape)[:_MOST_DIMENSIONS]}")
    if math.prod(shape) > _LARGEST_TENSOR:
        raise DlcError(f"a tensor of shape {list(shape)} is larger than any device's memory")
    return Tensor(
        name=table.text(6),
        id=table.number(4, "I"),
        role=_ROLES.get(table.number(8, "i"), "other"),
        dtype=_DTYPES.get(code, f"0x{code & 0xFFFFFFFF:x}"),
        shape=shape,
        quantization=_quantization(table.table(14)),
    )


def _quantization(table: Table | None) -> Quantization | None:
    if table is None:
        return None
    whole, each = table.table(8), table.table(10)
    if whole is not None:
        rows, axis = [whole], None
    elif each is not None:
        rows, axis = each.tables(6), each.number(4, "i")
    else:
        return None
    if not rows:
        return None
    return Quantization(
        bits=rows[0].number(4, "i"),
        scales=tuple(row.real(10) for row in rows),
        offsets=tuple(row.number(12, "i") for row in rows),
        axis=axis,
    )


def _node(table: Table) -> Node:
    attributes: dict[str, Attribute] = {}
    for entry in table.tables(12):
        value, tensor = entry.table(10), entry.table(12)
        if tensor is not None:
            attributes[entry.text(4)] = _tensor(tensor)
        elif value is not None:
            attributes[entry.text(4)] = _value(value)
    return Node(
        name=table.text(4),
        op=table.text(6),
        inputs=table.texts(8),
        outputs=table.texts(10),
        attributes=attributes,
    )


def _value(table: Table) -> Attribute:
    code = table.number(4, "i")
    if code == _FLOAT32:
        return table.real(8)
    return table.text(10) if code in _STRINGS else table.number(6, "i")


def _weights(data: bytes, parts: Mapping[str, Member]) -> dict[str, dict[str, memoryview]]:
    """Bytes of static tensors, by graph and tensor."""
    if "model.params" not in parts:
        return {}
    raw = memoryview(b"")
    if "model.params.bin" in parts:
        member = parts["model.params.bin"]
        raw = memoryview(data)[member.offset : member.offset + member.size]
    found: dict[str, dict[str, memoryview]] = {}
    for graph in _root(data, parts, "model.params", b"NETP").tables(4):
        tensors = found.setdefault(graph.text(4), {})
        for entry in graph.tables(6):
            place = entry.table(10)
            if place is None:
                tensors[entry.text(4)] = entry.data(6)
                continue
            offset, size = place.number(4, "Q"), place.number(6, "Q")
            if offset + size > len(raw):
                raise DlcError(f"the weights of `{entry.text(4)}` lie outside the file")
            tensors[entry.text(4)] = raw[offset : offset + size]
    return found
