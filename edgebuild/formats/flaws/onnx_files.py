"""What is wrong with an ONNX file, field by field, where a reader would only take what it knows.

Protobuf passes over fields it does not know, takes the last of two where one belongs and merges two
graphs: so a file can hold more than any tool shows. Here every field has to be one of ONNX 1.23's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from edgebuild.formats import protobuf
from edgebuild.formats.flaws.flaw import Flaw, short
from edgebuild.formats.onnx_messages import is_external
from edgebuild.formats.protobuf import ProtobufError, Value, integers

# onnx.proto of ONNX 1.23: number, `*` if there may be several, then what it holds: a number, bytes (also
# text and floats), or a message.
_PROTO = """
Model: 1 number, 2 bytes, 3 bytes, 4 bytes, 5 number, 6 bytes, 7 Graph, 8* OpsetId, 14* Entry, 20* Training,
  25* Function, 26* Device
Graph: 1* Node, 2 bytes, 5* Tensor, 10 bytes, 11* Value, 12* Value, 13* Value, 14* Annotation, 15* Sparse,
  16* Entry
Node: 1* bytes, 2* bytes, 3 bytes, 4 bytes, 5* Attribute, 6 bytes, 7 bytes, 8 bytes, 9* Entry, 10* NodeDevice
Attribute: 1 bytes, 2 bytes, 3 number, 4 bytes, 5 Tensor, 6 Graph, 7* bytes, 8* number, 9* bytes, 10* Tensor,
  11* Graph, 13 bytes, 14 Type, 15* Type, 20 number, 21 bytes, 22 Sparse, 23* Sparse
Tensor: 1* number, 2 number, 3 Segment, 4* bytes, 5* number, 6* bytes, 7* number, 8 bytes, 9 bytes, 10* bytes,
  11* number, 12 bytes, 13* Entry, 14 number, 16* Entry
Segment: 1 number, 2 number
Sparse: 1 Tensor, 2 Tensor, 3* number
Value: 1 bytes, 2 Type, 3 bytes, 4* Entry
Type: 1 TensorType, 4 Sequence, 5 Map, 6 bytes, 7 Opaque, 8 TensorType, 9 Sequence
TensorType: 1 number, 2 Shape
Sequence: 1 Type
Map: 1 number, 2 Type
Opaque: 1 bytes, 2 bytes
Shape: 1* Dimension
Dimension: 1 number, 2 bytes, 3 bytes
OpsetId: 1 bytes, 2 number
Entry: 1 bytes, 2 bytes
Annotation: 1 bytes, 2* Entry
Training: 1 Graph, 2 Graph, 3* Entry, 4* Entry
Function: 1 bytes, 4* bytes, 5* bytes, 6* bytes, 7* Node, 8 bytes, 9* OpsetId, 10 bytes, 11* Attribute,
  12* Value, 13 bytes, 14* Entry
Device: 1 bytes, 2 number, 3* bytes
NodeDevice: 1 bytes, 2* Sharding, 3 number
Sharding: 1 bytes, 2* number, 3* IntsEntry, 4* ShardedDim
IntsEntry: 1 number, 2* number
ShardedDim: 1 number, 2* SimpleDim
SimpleDim: 1 number, 2 bytes, 3 number
"""
_FIELDS: dict[str, dict[int, tuple[str, bool]]] = {
    name: {
        int(number): (kind, bool(many))
        for number, many, kind in re.findall(r"(\d+)(\*?) (\w+)", fields)
    }
    for name, fields in re.findall(r"^(\w+):((?:.|\n )*)", _PROTO, re.MULTILINE)
}
_BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128,
    16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip
# What ONNX itself defines ops for, and what ONNX Runtime brings with it.
_DOMAINS = frozenset(
    {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training"}
    | {"com.microsoft", "com.microsoft.nchwc", "com.microsoft.nhwc", "com.ms.internal.nhwc"}
)
_DEEPEST = 40
_LARGEST_TENSOR = 2**40
_MOST_DIMENSIONS = 64


@dataclass
class _Seen:
    """What the walk collects: flaws by text, each once, and what only the whole tells."""

    flaws: dict[str, Flaw] = field(default_factory=dict)
    ops: dict[tuple[str, str], None] = field(default_factory=dict)
    functions: set[tuple[str, str]] = field(default_factory=set)

    def note(self, kind: str, text: str) -> None:
        self.flaws.setdefault(text, Flaw(kind=kind, text=text))  # type: ignore[arg-type]


def flaws(data: bytes) -> Iterator[Flaw]:
    """ProtobufError where it is cut short or no protobuf."""
    seen = _Seen()
    try:
        found = _walk("Model", memoryview(data), seen, 0)
        graphs = found.get(7, [])
        if len(graphs) != 1:
            seen.note("damaged", f"a model has one graph, this file has {len(graphs)}")
        elif isinstance(graphs[0], memoryview):
            numbers = {number for number, _ in protobuf.fields(graphs[0])}
            for number, what in ((1, "no nodes"), (12, "no outputs")):
                if number not in numbers:
                    seen.note("damaged", f"its graph has {what}")
    finally:
        for domain, op in seen.ops:
            if domain not in _DOMAINS and (domain, op) not in seen.functions:
                text = f"op `{short(op)}` is of the domain `{short(domain)}`, which is not ONNX's"
                seen.note("outside", text)
        yield from seen.flaws.values()


def _walk(name: str, data: memoryview, seen: _Seen, depth: int) -> dict[int, list[Value]]:
    """The fields of a message by number, after those of the messages in it."""
    if depth > _DEEPEST:
        raise ProtobufError(f"{name} nested deeper than any model's")
    known = _FIELDS[name]
    found: dict[int, list[Value]] = {}
    for number, value in protobuf.fields(data):
        kind, many = known.get(number, ("", True))
        if not kind:
            size = f"{len(value):,} bytes" if isinstance(value, memoryview) else "a number"
            seen.note("hidden", f"field {number} of a {name}, {size}, which ONNX does not have")
            continue
        if isinstance(value, int) != (kind == "number") and not (many and kind == "number"):
            seen.note("hidden", f"field {number} of a {name} is of another type than ONNX's")
            continue
        held = found.setdefault(number, [])
        if held and not many:
            seen.note("hidden", f"field {number} of a {name} is there twice")
        held.append(value)
        if kind in _FIELDS and isinstance(value, memoryview):
            _walk(kind, value, seen, depth + 1)
    if name in _CHECKS:
        _CHECKS[name](found, data, seen)
    return found


def _node(found: dict[int, list[Value]], data: memoryview, seen: _Seen) -> None:
    seen.ops[_text(found, 7), _text(found, 4)] = None


def _function(found: dict[int, list[Value]], data: memoryview, seen: _Seen) -> None:
    seen.functions.add((_text(found, 10), _text(found, 1)))


def _graph(found: dict[int, list[Value]], data: memoryview, seen: _Seen) -> None:
    """Names that stand for two things: readers take the first or the last."""
    names = [_text(_first(tensor), 8) for tensor in found.get(5, ())]
    for node in found.get(1, ()):
        names += [_decoded(value) for value in _first(node).get(2, ())]
    taken: set[str] = set()
    for name in filter(None, names):
        if name in taken:
            seen.note("hidden", f"two values are called `{short(name)}`")
        taken.add(name)


def _tensor(found: dict[int, list[Value]], data: memoryview, seen: _Seen) -> None:
    name = short(_text(found, 8))
    if is_external(data):
        places = [
            _text(entry, 2)
            for entry in map(_first, found.get(13, ()))
            if _text(entry, 1) == "location"
        ]
        seen.note("outside", f"tensor `{name}` is in another file: {short((places or ['?'])[0])}")
        return
    dims = [n for value in found.get(1, ()) for n in integers(1, value)]
    sound = len(dims) <= _MOST_DIMENSIONS and all(n >= 0 for n in dims)
    if not sound or math.prod(dims) > _LARGEST_TENSOR:
        seen.note("damaged", f"tensor `{name}` has the impossible shape {dims[:8]}")
        return
    codes = found.get(2, [])
    bits = _BITS.get(codes[0]) if codes and isinstance(codes[0], int) else None
    raw = found.get(9, [])
    if raw and bits and isinstance(raw[0], memoryview):
        wanted = -(-math.prod(dims) * bits // 8)
        if len(raw[0]) != wanted:
            text = f"tensor `{name}` has {len(raw[0]):,} bytes, its shape needs {wanted:,}"
            seen.note("damaged", text)


def _first(value: Value) -> dict[int, list[Value]]:
    """The fields of a message that was walked before."""
    found: dict[int, list[Value]] = {}
    if isinstance(value, memoryview):
        for number, inner in protobuf.fields(value):
            found.setdefault(number, []).append(inner)
    return found


def _text(found: dict[int, list[Value]], number: int) -> str:
    return _decoded(found[number][0]) if found.get(number) else ""


def _decoded(value: Value) -> str:
    return bytes(value).decode(errors="replace") if isinstance(value, memoryview) else ""


_CHECKS = {"Node": _node, "Function": _function, "Graph": _graph, "Tensor": _tensor}
