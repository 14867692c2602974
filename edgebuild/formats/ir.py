"""OpenVINO IR: an .xml and its .bin, read with the checks that OpenVINO itself leaves out.

OpenVINO accepts a .bin longer than the .xml says and lets the last of two layers with one id win.
Needs the standard library only. The format: https://docs.openvino.ai, "OpenVINO IR format".
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgebuild.errors import EdgebuildError
from edgebuild.step import Contract, DType, Tensor

_BITS = {
    "f64": 64, "f32": 32, "f16": 16, "bf16": 16, "f8e4m3": 8, "f8e5m2": 8, "f8e8m0": 8, "nf4": 4,
    "f4e2m1": 4, "i64": 64, "i32": 32, "i16": 16, "i8": 8, "i4": 4, "u64": 64, "u32": 32, "u16": 16,
    "u8": 8, "u4": 4, "u2": 2, "u1": 1, "boolean": 8,
}  # fmt: skip
_DTYPES: dict[str, DType] = {
    "f32": "float32", "f16": "float16", "u8": "uint8", "i8": "int8", "i32": "int32", "i64": "int64",
    "boolean": "bool",
}  # fmt: skip
# The .xml's `precision` of ports, where it differs from the upper-case element type.
_PRECISIONS = {"FP32": "f32", "FP16": "f16", "FP64": "f64", "BOOL": "boolean"}
_LARGEST_DIM = 2**31 - 1
_LARGEST_TENSOR = 2**36
_MOST_DIMENSIONS = 32


class IrError(EdgebuildError):
    """Two files that are not one sound OpenVINO IR."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer of the main graph; `names` are those of its outputs' tensors."""

    name: str
    type: str
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or output of the model: all its names, the first the preferred one."""

    names: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: DType


@dataclass(frozen=True, kw_only=True)
class Ir:
    """What the .xml says, once it has been checked against the .bin."""

    layers: tuple[Layer, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def load(xml: Path, bin: Path) -> Ir:
    """Read and check both. IrError for what is cut short, too long, doubled or out of bounds."""
    root = parse(xml.read_bytes(), xml.name)
    size = bin.stat().st_size
    for graph in _graphs(root):
        _check_ids(graph, xml.name)
    for dim in root.iter("dim"):
        if dim.text != "-1":  # known at run time only, as behind NonMaxSuppression
            _dim(dim.text or "", xml.name)
    _check_weights(root, size, xml.name, bin.name)
    layers = {layer.attrib["id"]: layer for layer in _layers(root)}
    sources = {
        edge.attrib["to-layer"]: (edge.attrib["from-layer"], edge.attrib["from-port"])
        for edge in root.iterfind("edges/edge")
        if layers[edge.attrib["to-layer"]].attrib["type"] == "Result"
    }
    return Ir(
        layers=tuple(
            Layer(name=x.attrib["name"], type=x.attrib["type"], names=_tensor_names(x))
            for x in layers.values()
        ),
        inputs=tuple(
            _input(x, xml.name) for x in layers.values() if x.attrib["type"] == "Parameter"
        ),
        outputs=tuple(
            _output(layers, sources, key, xml.name)
            for key, x in layers.items()
            if x.attrib["type"] == "Result"
        ),
    )


def contract(ir: Ir, expected: Contract) -> Contract:
    """As the .xml says. Of several names of one tensor, one that `expected` has is taken."""

    def side(ports: tuple[Port, ...], wanted: object) -> dict[str, Tensor]:
        tensors = {}
        for port in ports:
            name = next((n for n in port.names if n in wanted), port.names[0])  # type: ignore[operator]
            tensors[name] = Tensor(shape=port.shape, dtype=port.dtype)
        return tensors

    return Contract(
        inputs=side(ir.inputs, expected.inputs), outputs=side(ir.outputs, expected.outputs)
    )


def parse(data: bytes, name: str) -> ET.Element:
    """The root of an IR's .xml. IrError if it is not XML, or is XML that can grow when read."""
    if b"\0" in data or b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise IrError(f"{name} has declarations that no IR has", hint="do not trust its origin")
    try:
        root = ET.fromstring(data)
    except (ET.ParseError, LookupError, ValueError) as error:  # the latter: encodings it has not
        raise IrError(
            f"{name} is not XML, or is cut short: {error}", hint="obtain it again"
        ) from error
    if root.tag != "net" or root.find("layers") is None or root.find("edges") is None:
        raise IrError(f"{name} is not an OpenVINO IR")
    return root


def _graphs(root: ET.Element) -> Iterator[ET.Element]:
    """The net and the bodies of its loops and branches: each has ids of its own."""
    yield from (element for element in root.iter() if element.find("layers") is not None)


def _layers(graph: ET.Element) -> list[ET.Element]:
    return graph.findall("layers/layer")


def _check_ids(graph: ET.Element, name: str) -> None:
    layers: dict[str, set[str]] = {}
    for layer in _layers(graph):
        missing = {"id", "name", "type"} - layer.attrib.keys()
        if missing:
            raise IrError(f"{name}: a layer has no {', '.join(sorted(missing))}")
        key = layer.attrib["id"]
        if key in layers:
            raise IrError(f"{name} has two layers with id {key}", hint="it was edited or damaged")
        layers[key] = {p.attrib.get("id", "") for p in layer.iter("port")}
    for edge in graph.iterfind("edges/edge"):
        for end in ("from", "to"):
            key, port = edge.attrib.get(f"{end}-layer", ""), edge.attrib.get(f"{end}-port", "")
            if port not in layers.get(key, ()):
                raise IrError(f"{name} has an edge {end} layer {key} port {port}: there is none")


def _check_weights(root: ET.Element, size: int, xml: str, bin: str) -> None:
    """Every constant's place in the .bin: right in size, apart from others, nothing left over."""
    regions: set[tuple[int, int]] = set()
    for layer in root.iter("layer"):
        data = layer.find("data")
        if data is None or "offset" not in data.attrib or "size" not in data.attrib:
            continue
        name = layer.attrib.get("name", "")
        where = f"{xml}: constant `{name}`"
        start, length = _number(data, "offset", where), _number(data, "size", where)
        bits = _BITS.get(data.attrib.get("element_type", ""))
        if bits is not None:
            shape = [_dim(d, where) for d in re.findall(r"[^, ]+", data.attrib.get("shape", ""))]
            wanted = -(-_elements(shape, where) * bits // 8)
            if length != wanted:
                raise IrError(f"{where} has {length} bytes, its shape needs {wanted}")
        if start + length > size:
            raise IrError(
                f"{bin} is too short: constant `{name}` ends at byte {start + length:,} of {size:,}",
                hint="the .bin is cut short or of another model",
            )
        if length:
            regions.add((start, start + length))
    end = 0
    for start, stop in sorted(regions):
        if start < end:
            raise IrError(f"{xml} has constants that overlap at byte {start:,} of {bin}")
        end = stop
    if end != size:
        raise IrError(
            f"{bin} has {size - end:,} bytes that no constant of {xml} uses",
            hint="the .bin is of another model, or something was added to it",
        )


def _number(element: ET.Element, key: str, where: str) -> int:
    text = element.attrib[key]
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise IrError(f"{where} has `{key}` {text!r}")
    return int(text)


def _dim(text: str, where: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise IrError(f"{where} has a dimension that is not static: {text!r}")
    if int(text) > _LARGEST_DIM:
        raise IrError(f"{where} has a dimension of {int(text):,}, which no tensor has")
    return int(text)


def _elements(shape: Sequence[int], where: str) -> int:
    if len(shape) > _MOST_DIMENSIONS:
        raise IrError(f"{where} has {len(shape):,} dimensions, which no tensor has")
    return math.prod(shape)


def _ports(layer: ET.Element) -> list[ET.Element]:
    return layer.findall("output/port")


def _tensor_names(layer: ET.Element) -> tuple[str, ...]:
    return tuple(name for port in _ports(layer) for name in _names(port))


def _names(port: ET.Element) -> list[str]:
    """Comma-separated, a comma inside a name written `\\,`."""
    text = port.attrib.get("names", "")
    return [part.replace("\\,", ",") for part in re.split(r"(?<!\\),", text) if part]


def _port(layer: ET.Element, port: ET.Element, where: str) -> Port:
    precision = port.attrib.get("precision", "")
    element = _PRECISIONS.get(precision, precision.lower())
    shape = tuple(_dim(d.text or "", where) for d in port.iterfind("dim"))
    if element not in _DTYPES:
        raise IrError(f"{where}: `{layer.attrib['name']}` is of a type that no target takes")
    if _elements(shape, f"{where}: `{layer.attrib['name']}`") > _LARGEST_TENSOR:
        raise IrError(f"{where}: `{layer.attrib['name']}` is too large: {list(shape)}")
    names = _names(port) or [layer.attrib["name"]]
    return Port(names=tuple(names), shape=shape, dtype=_DTYPES[element])


def _input(layer: ET.Element, where: str) -> Port:
    ports = _ports(layer)
    if not ports:
        raise IrError(f"{where}: input `{layer.attrib['name']}` gives nothing")
    return _port(layer, ports[0], where)


def _output(
    layers: dict[str, ET.Element], sources: dict[str, tuple[str, str]], key: str, where: str
) -> Port:
    if key not in sources:
        raise IrError(f"{where}: output `{layers[key].attrib['name']}` is fed by no layer")
    source, port_id = sources[key]
    port = next((p for p in _ports(layers[source]) if p.attrib.get("id") == port_id), None)
    if port is None:
        raise IrError(f"{where}: output `{layers[key].attrib['name']}` is fed by an input")
    return _port(layers[source], port, where)
