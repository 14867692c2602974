"""What a chip keeps of an ONNX model's values: constants, and buffers that several names stand for.

A quantised value is kept as the integers that Q/DQ makes of it, so both names of a Q/DQ pair and the
float between them are one buffer. Floats are kept in the chip's type where that is narrower than the
model's, and chips keep 64-bit integers in 32 bits. What only gives a value another shape makes no buffer.
A node whose inputs are all constant is computed by the compiler: its output is a constant too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgebuild.errors import EdgebuildError
from edgebuild.formats import onnx_canonical

if TYPE_CHECKING:
    import onnx

QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"
_VIEWS = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout")
_KNOWN = ("Shape", "Size")  # constant, since all shapes are
_FLOATS = ("float64", "float32", "float16", "bfloat16")
_SUB_BYTE = {"int4": 4, "uint4": 4, "int2": 2, "uint2": 2, "float4e2m1": 4}


class CostError(EdgebuildError):
    """A model whose cost cannot be counted."""


@dataclass(frozen=True, kw_only=True)
class Constant:
    """`root` names the tensor that is stored. `quantised`: Q/DQ makes floats of it."""

    root: str
    elements: int
    dtype: str
    quantised: bool = False


@dataclass(frozen=True, kw_only=True)
class Buffers:
    """`roots` names the buffer of each value that is no constant; `kept` is the type of each buffer.

    `absorbed` holds nodes, by their places in the graph, that compute nothing: views and Q/DQ.
    """

    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, str]
    constants: Mapping[str, Constant]
    roots: Mapping[str, str]
    kept: Mapping[str, str]
    absorbed: frozenset[int]

    def shape(self, name: str) -> tuple[int, ...]:
        """CostError if it is not known, or not static."""
        shape = self.shapes.get(name)
        if shape is None:
            raise CostError(
                f"the shape of `{name}` is not known",
                hint="give the model static shapes, and put `simplify` into the recipe",
            )
        return shape

    def bytes_of(self, name: str, dtype: str = "") -> int:
        """Of a value as the chip keeps it, or in another type."""
        return size_bytes(math.prod(self.shape(name)), dtype or self.kept[self.roots[name]])


def read(model: onnx.ModelProto, floats: str) -> Buffers:
    """The buffers of a sound model's graph on a chip that keeps floats as `floats`. CostError if a node has
    graphs of its own: what of them runs, and how often, depends on values."""
    inner = next((n for n in model.graph.node if any(onnx_canonical.subgraphs(n))), None)
    if inner is not None:
        raise CostError(
            f"what a frame costs depends on its values: `{inner.name}` ({inner.op_type}) has graphs of its own",
            hint="put `simplify` into the recipe: it takes out what its constants decide",
        )
    shapes, dtypes = _known_values(model)
    constants = _constants(model.graph, shapes, dtypes)
    roots, absorbed, kept = _Union(model.graph, dtypes, constants, floats).run()
    return Buffers(
        shapes=shapes, dtypes=dtypes, constants=constants, roots=roots, kept=kept, absorbed=absorbed
    )


def kept_as(dtype: str, floats: str) -> str:
    """The type in which a chip keeps what is of type `dtype` in the model."""
    if floats == "float32":  # a CPU, which takes values as they come
        return dtype
    if dtype in _FLOATS and size_bits(dtype) > size_bits(floats):
        return floats
    return {"int64": "int32", "uint64": "uint32"}.get(dtype, dtype)


def size_bits(dtype: str) -> int:
    """Of one value of one of ONNX's types; CostError for text."""
    if dtype == "bool":
        return 8
    if dtype in _SUB_BYTE:
        return _SUB_BYTE[dtype]
    digits = "".join(c for c in dtype.removeprefix("b").split("e")[0] if c.isdigit())
    if not digits:
        raise CostError(f"values of type `{dtype or 'unknown'}` have no size")
    return int(digits)


def size_bytes(elements: int, dtype: str) -> int:
    """Of a whole tensor; what is smaller than a byte is packed."""
    return -(-elements * size_bits(dtype) // 8)


def read_by(node: onnx.NodeProto) -> Iterable[str]:
    """Names that a node reads, those inside its graphs included, each once."""
    names = (*node.input, *sorted(onnx_canonical.captured(node)))
    return dict.fromkeys(name for name in names if name)


# ---------------------------------------------------------------------- shapes and types


def _known_values(
    model: onnx.ModelProto,
) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """Shapes (static ones) and types of all values of the main graph, as far as they can be told."""
    import onnx

    shapes: dict[str, tuple[int, ...]] = {}
    dtypes: dict[str, str] = {}

    def note(graph: onnx.GraphProto) -> None:
        for value in (*graph.input, *graph.output, *graph.value_info):
            kind = value.type.tensor_type
            dtypes[value.name] = _word(kind.elem_type)
            dims = kind.shape.dim
            if kind.HasField("shape") and all(d.HasField("dim_value") for d in dims):
                shapes[value.name] = tuple(d.dim_value for d in dims)
        for tensor in graph.initializer:
            shapes[tensor.name], dtypes[tensor.name] = tuple(tensor.dims), _word(tensor.data_type)
        for sparse in graph.sparse_initializer:
            name = sparse.values.name
            shapes[name], dtypes[name] = tuple(sparse.dims), _word(sparse.values.data_type)

    note(model.graph)
    if any(name not in shapes for node in model.graph.node for name in node.output if name):
        plain = onnx.ModelProto()
        plain.CopyFrom(model)
        for node in plain.graph.node:
            if node.op_type in (QUANTIZE, DEQUANTIZE):
                node.domain = ""  # no shapes are inferred for vendors' ops
        note(onnx.shape_inference.infer_shapes(plain, data_prop=True).graph)
    return shapes, dtypes


def _word(elem_type: int) -> str:
    import onnx

    if elem_type not in onnx.TensorProto.DataType.values() or elem_type == 0:
        return ""
    word = str(onnx.TensorProto.DataType.Name(elem_type)).lower()
    return {"float": "float32", "double": "float64"}.get(word, word)


# --------------------------------------------------------------------------- constants


def _constants(
    graph: onnx.GraphProto, shapes: Mapping[str, tuple[int, ...]], dtypes: Mapping[str, str]
) -> dict[str, Constant]:
    """Every constant by each of its names."""

    def made(name: str) -> Constant:
        return Constant(
            root=name, elements=math.prod(shapes.get(name, (0,))), dtype=dtypes.get(name, "")
        )

    stored = (
        *(t.name for t in graph.initializer),
        *(s.values.name for s in graph.sparse_initializer),
    )
    found = {name: made(name) for name in stored}
    for node in graph.node:
        if node.op_type not in _KNOWN and not all(name in found for name in read_by(node)):
            continue
        for name in filter(None, node.output):
            first = found.get(node.input[0]) if node.input else None
            if first and node.op_type == QUANTIZE:
                found[name] = Constant(
                    root=first.root, elements=first.elements, dtype=dtypes[name], quantised=True
                )
            elif first and node.op_type == DEQUANTIZE:
                found[name] = Constant(
                    root=first.root, elements=first.elements, dtype=first.dtype, quantised=True
                )
            elif first and node.op_type in (*_VIEWS, "Transpose"):
                found[name] = first
            else:
                found[name] = made(name)
    return found


# ----------------------------------------------------------------------------- buffers


class _Union:
    """Names that stand for one buffer, brought together."""

    def __init__(
        self,
        graph: onnx.GraphProto,
        dtypes: Mapping[str, str],
        constants: Mapping[str, Constant],
        floats: str,
    ) -> None:
        self.graph, self.dtypes, self.constants, self.floats = graph, dtypes, constants, floats
        self.roots: dict[str, str] = {}
        self.stored: dict[str, str] = {}  # buffers that are integers for floats
        self.absorbed: set[int] = set()

    def run(self) -> tuple[dict[str, str], frozenset[int], dict[str, str]]:
        for value in self.graph.input:
            if value.name not in self.constants:
                self.roots[value.name] = value.name
        for place, node in enumerate(self.graph.node):
            self._view(place, node)
        readers = self._readers()
        outputs = {self.roots[v.name] for v in self.graph.output if v.name in self.roots}
        for place, node in enumerate(self.graph.node):
            if node.op_type == QUANTIZE and place not in self.absorbed:
                self._quantise(place, node, readers, outputs)
        kept = {
            root: self.stored.get(root) or kept_as(self.dtypes.get(root, ""), self.floats)
            for root in self.roots.values()
        }
        return self.roots, frozenset(self.absorbed), kept

    def _view(self, place: int, node: onnx.NodeProto) -> None:
        """A node that makes no buffer gives its output the input's; any other makes its own."""
        outputs = [name for name in node.output if name]
        if all(name in self.constants for name in outputs):
            self.absorbed.add(place)
            return
        before = self.roots.get(node.input[0]) if node.input else None
        same = node.op_type == "Cast" and self._kept(node.input[0]) == self._kept(outputs[0])
        if before and (node.op_type in (*_VIEWS, DEQUANTIZE) or same):
            self.absorbed.add(place)
            self.roots[outputs[0]] = before
            if node.op_type == DEQUANTIZE:
                self.stored.setdefault(before, self.dtypes.get(node.input[0], ""))
            outputs = outputs[1:]
        for name in outputs:
            self.roots[name] = name

    def _readers(self) -> dict[str, list[int]]:
        """Of each buffer: the places of the nodes that really read it."""
        readers: dict[str, list[int]] = {}
        for place, node in enumerate(self.graph.node):
            if place not in self.absorbed:
                for name in read_by(node):
                    if name in self.roots:
                        readers.setdefault(self.roots[name], []).append(place)
        return readers

    def _quantise(
        self, place: int, node: onnx.NodeProto, readers: dict[str, list[int]], outputs: set[str]
    ) -> None:
        """What is read as integers only is kept as integers; else this node makes a copy of it."""
        before, after = self.roots[node.input[0]], node.output[0]
        quantisers = all(self.graph.node[i].op_type == QUANTIZE for i in readers[before])
        self.stored.setdefault(after, self.dtypes.get(after, ""))
        if before in outputs or not quantisers:
            return
        self.absorbed.add(place)
        self.stored[before] = self.stored[after]
        readers[before] = [*readers[before], *readers.get(after, ())]
        readers[before].remove(place)
        for name, root in self.roots.items():
            if root == after:
                self.roots[name] = before

    def _kept(self, name: str) -> str:
        return kept_as(self.dtypes.get(name, ""), self.floats)
