"""Counts what an ONNX model costs on a chip: its layers, their operations, bytes and weights, its traffic.

A layer is a node that computes or moves values, with what every compiler here does in the same pass: behind a
convolution or product its bias, scale and batch normalisation (constants, one value or one a channel), and
behind these or a sum the activation (Relu, Clip, LeakyRelu, PRelu). Where the artifact takes or gives an input
or output in another type than the chip keeps it in, the conversion is a layer.

Parameters are the constants that layers compute with, not the sizes, axes and bounds that say how; of a batch
normalisation scale and shift, into which mean and deviation go. Scales and zero points of Q/DQ are not counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgebuild.formats import costs, onnx_buffers, onnx_macs, onnx_parameters
from edgebuild.formats.costs import Costs, Layer
from edgebuild.formats.onnx_buffers import Buffers, Constant
from edgebuild.step import Contract

if TYPE_CHECKING:
    import onnx

_Key = tuple[str, str]  # a constant: its tensor, and the type it is read in

_ACTIVATIONS = ("Relu", "Clip", "LeakyRelu", "PRelu")
_SCALES = ("Add", "Sub", "Mul", "Div", "BatchNormalization")
_SUMS = ("Add", "Sub", "Mul", "Sum")
_PARTLY_READ = ("Slice", "Split", "Gather", "GatherElements", "GatherND")
_PRECISIONS = {  # from the narrowest to the widest
    "int4": "int4", "uint4": "int4", "int8": "int8", "uint8": "int8", "int16": "int16",
    "uint16": "int16", "float16": "fp16", "bfloat16": "bf16", "float32": "fp32", "float64": "fp64",
}  # fmt: skip


def count(model: onnx.ModelProto, contract: Contract, floats: str) -> Costs:
    """The cost of a frame of `model` on a chip that keeps floats as `floats`; no times yet.

    `contract` is the artifact's: the types in which it takes and gives its inputs and outputs. CostError
    where a shape is not known.
    """
    buffers = onnx_buffers.read(model, floats)
    return _Count(model.graph, contract, buffers, floats).run()


@dataclass(kw_only=True)
class _Draft:
    """A layer being made. `reads` and `writes` are bytes by buffer, `fetched` those by constant."""

    op: str
    output: str
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    more: list[str] = field(default_factory=list)  # nodes that compute nothing
    reads: dict[str, int] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)
    constants: dict[_Key, Constant] = field(default_factory=dict)
    fetched: dict[_Key, int] = field(default_factory=dict)
    closed: bool = False  # nothing more is computed in the same pass


class _Count:
    """One main graph on its way to its costs. A model's inputs and outputs whose type is converted are
    buffers of their own, by names that no value can have."""

    def __init__(
        self, graph: onnx.GraphProto, contract: Contract, buffers: Buffers, floats: str
    ) -> None:
        self.graph, self.contract, self.floats, self.buffers = graph, contract, floats, buffers
        self.drafts: list[_Draft] = []
        self.makers: dict[str, _Draft] = {}
        self.waiting: dict[str, list[str]] = {}
        self.outputs = Counter(
            buffers.roots[v.name] for v in graph.output if v.name in buffers.roots
        )
        self.readers: Counter[str] = Counter(
            root
            for place, node in enumerate(graph.node)
            if place not in buffers.absorbed
            for root in {buffers.roots[n] for n in onnx_buffers.read_by(node) if n in buffers.roots}
        )

    def run(self) -> Costs:
        sources = self._inputs()
        for place, node in enumerate(self.graph.node):
            if place in self.buffers.absorbed:
                self._absorb(node)
            elif not self._joined(node):
                self._start(node)
        sinks = self._outputs()
        constants = {k: c for draft in self.drafts for k, c in draft.constants.items()}
        traffic = dict.fromkeys(costs.PARTS, 0)
        for draft in self.drafts:
            for root, size in draft.reads.items():
                traffic["input" if root in sources else "activations"] += size
            for root, size in draft.writes.items():
                traffic["output" if root in sinks else "activations"] += size
            traffic["weights"] += sum(draft.fetched.values())
        return Costs(
            layers=tuple(map(self._layer, self.drafts)),
            params=sum(c.elements for c in constants.values()),
            weight_bytes=sum(map(self._constant_bytes, constants.values())),
            peak_activation_bytes=_peak(self.drafts, sources, sinks),
            traffic=traffic,
        )

    # ------------------------------------------------------------------ borders

    def _inputs(self) -> dict[str, int]:
        """The buffers that a frame arrives in, with their bytes; a layer for each that is converted."""
        found = {}
        for value in self.graph.input:
            root = self.buffers.roots.get(value.name)
            if root is None or not (self.readers[root] or self.outputs[root]):
                continue
            given = self.contract.inputs.get(value.name)
            kept = self.buffers.kept[root]
            taken = given.dtype if given else kept
            size = self.buffers.bytes_of(value.name, taken)
            if taken == kept:
                found[root] = size
                continue
            found[f"\0{value.name}"] = size
            self._convert(value.name, {f"\0{value.name}": size}, {root: self._size(value.name)})
            self.makers[root] = self.drafts[-1]
        return found

    def _outputs(self) -> dict[str, int]:
        """The buffers that a frame leaves in, with their bytes; a layer for each that is converted."""
        found: dict[str, int] = {}
        for value in self.graph.output:
            root = self.buffers.roots.get(value.name)
            if root is None:
                continue
            promised = self.contract.outputs.get(value.name)
            kept = self.buffers.kept[root]
            given = promised.dtype if promised else kept
            size = self.buffers.bytes_of(value.name, given)
            if given == kept:
                found[root] = found.get(root, 0) + size
                if root in self.makers:  # each of several outputs from one buffer is written
                    self.makers[root].writes[root] = found[root]
                continue
            found[f"\0{value.name}"] = size
            self._convert(value.name, {root: self._size(value.name)}, {f"\0{value.name}": size})
        return found

    def _convert(self, name: str, reads: dict[str, int], writes: dict[str, int]) -> None:
        """A layer that only changes the type of a model's input or output."""
        changers = [
            node.name
            for node in self.graph.node
            if node.op_type in ("QuantizeLinear", "DequantizeLinear", "Cast")
            and name in (node.input[0], node.output[0])
        ]
        for draft in self.drafts:
            draft.more = [node for node in draft.more if node not in changers]
        self.drafts.append(
            _Draft(op="Convert", output=name, more=changers, reads=reads, writes=writes)
        )

    # ------------------------------------------------------------------- layers

    def _absorb(self, node: onnx.NodeProto) -> None:
        """A node that computes nothing belongs to the layer that made what it gives on, or reads it first."""
        root = self.buffers.roots.get(node.output[0])
        if root in self.makers:
            self.makers[root].more.append(node.name)
        elif root is not None:
            self.waiting.setdefault(root, []).append(node.name)

    def _joined(self, node: onnx.NodeProto) -> bool:
        """Whether the node is computed in the pass of the layer that makes its input."""
        names = [n for n in node.input if n in self.buffers.roots]
        if len(names) != 1 or len([n for n in node.output if n]) != 1:
            return False
        root = self.buffers.roots[names[0]]
        draft = self.makers.get(root)
        if (
            draft is None or draft.closed or not draft.nodes
            or self.readers[root] != 1 or self.outputs[root]
        ):  # fmt: skip
            return False
        if node.op_type in _ACTIVATIONS:
            draft.closed = True
        elif not self._is_scale(node) or not self._takes_scale(draft):
            return False
        del draft.writes[root]
        self._add(draft, node)
        return True

    def _takes_scale(self, draft: _Draft) -> bool:
        """Whether a product or other scales are all that is in it."""
        return draft.op in onnx_macs.PRODUCTS or all(map(self._is_scale, draft.nodes))

    def _is_scale(self, node: onnx.NodeProto) -> bool:
        """Whether it scales or shifts by constants of one value, or one for each channel."""
        if node.op_type not in _SCALES:
            return False
        shape = self.buffers.shape(node.output[0])
        few = {1, *shape[1:2], *shape[-1:]}
        found = [self.buffers.constants[n] for n in node.input if n in self.buffers.constants]
        return bool(found) and all(constant.elements in few for constant in found)

    def _start(self, node: onnx.NodeProto) -> None:
        draft = _Draft(op=node.op_type, output="")
        fusing = node.op_type in onnx_macs.PRODUCTS or node.op_type in (*_SUMS, *_SCALES)
        draft.closed = not fusing
        self.drafts.append(draft)
        self._add(draft, node)

    def _add(self, draft: _Draft, node: onnx.NodeProto) -> None:
        buffers = self.buffers
        draft.nodes.append(node)
        outputs = [n for n in node.output if n]
        used = [n for n in outputs if self._is_used(n)] or outputs[:1]
        draft.output = used[0]
        for name in used:
            root = buffers.roots[name]
            draft.writes[root] = self._size(name)
            self.makers[root] = draft
        partly = node.op_type in _PARTLY_READ
        most = sum(self._size(n) for n in used) if partly else math.inf
        for name in onnx_buffers.read_by(node):
            root = buffers.roots.get(name, "")
            if root and self.makers.get(root) is not draft:
                read = min(self._size(name), most if name == node.input[0] else math.inf)
                draft.reads[root] = max(int(read), draft.reads.get(root, 0))
                draft.more += self.waiting.pop(root, ())
        for name in onnx_parameters.weights(node, buffers.constants):
            constant = buffers.constants[name]
            key = constant.root, constant.dtype
            draft.constants[key] = constant
            draft.fetched[key] = int(min(self._constant_bytes(constant), most))

    def _is_used(self, name: str) -> bool:
        root = self.buffers.roots.get(name, "")
        return bool(self.readers[root] or self.outputs[root])

    def _layer(self, draft: _Draft) -> Layer:
        shapes = self.buffers.shape
        counts = [onnx_macs.macs(node, shapes) for node in draft.nodes]
        macs = None if None in counts else sum(c or 0 for c in counts)
        dense = [onnx_macs.dense(node, shapes) for node in draft.nodes]
        reads = [self.buffers.kept.get(root, "") for root in draft.reads]
        return Layer(
            name=draft.nodes[0].name if draft.nodes else (*draft.more, draft.output)[0],
            op="+".join(dict.fromkeys(n.op_type for n in draft.nodes)) or draft.op,
            output=draft.output,
            nodes=tuple(dict.fromkeys([*(n.name for n in draft.nodes), *draft.more])),
            macs=macs,
            other_ops=sum(onnx_macs.other_ops(node, shapes) for node in draft.nodes),
            params=sum(c.elements for c in draft.constants.values()),
            weight_bytes=sum(draft.fetched.values()),
            input_bytes=sum(draft.reads.values()),
            output_bytes=sum(draft.writes.values()),
            precision=_precision([*reads, *map(self._constant_type, draft.constants.values())]),
            dense_macs=sum(d for d, _ in dense),
            dense_bytes=sum(onnx_buffers.size_bytes(n, reads[0]) for _, n in dense if n),
        )

    def _size(self, name: str) -> int:
        return self.buffers.bytes_of(name)

    def _constant_type(self, constant: Constant) -> str:
        if constant.quantised:
            return constant.dtype
        return onnx_buffers.kept_as(constant.dtype, self.floats)

    def _constant_bytes(self, constant: Constant) -> int:
        return onnx_buffers.size_bytes(constant.elements, self._constant_type(constant))


def _precision(dtypes: Sequence[str]) -> str:
    """Of the widest of the types computed with; biases of 32-bit integers are only added."""
    order = list(_PRECISIONS)
    found = [d for d in dtypes if d in _PRECISIONS]
    return _PRECISIONS[max(found, key=order.index)] if found else ""


def _peak(drafts: Sequence[_Draft], sources: dict[str, int], sinks: dict[str, int]) -> int:
    """The most bytes that are alive at once: what a layer reads and writes, what is read later, the
    model's inputs until their last reading, its outputs from their making on."""
    last = {root: i for i, draft in enumerate(drafts) for root in draft.reads}
    last |= dict.fromkeys(sinks, len(drafts))
    alive, most = dict(sources), 0
    for i, draft in enumerate(drafts):
        alive |= draft.writes
        most = max(most, sum(alive.values()))
        alive = {root: size for root, size in alive.items() if last.get(root, -1) > i}
    return most
