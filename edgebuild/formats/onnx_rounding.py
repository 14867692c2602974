"""An ONNX that computes as a chip with float16 only would: every value rounded between ops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgebuild.formats import onnx_canonical, onnx_contract, onnx_file, onnx_half

if TYPE_CHECKING:
    import onnx

FIGURES = ("max_abs", "overflow", "nan", "subnormal")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A value whose range is measured while the model runs.

    The model has an output `output(figure)` for each of FIGURES: the largest magnitude before
    rounding, and counts of values beyond float16 after it, of values that are not numbers, and of
    values below float16's smallest normal, zero apart. `elements` is their number a sample.
    """

    value: str
    layer: str
    elements: int

    def output(self, figure: str) -> str:
        """Name of the model's output that has this figure."""
        return f"{self.value}/{figure}"


@dataclass(frozen=True, kw_only=True)
class Weight:
    """A constant as it was before it was rounded; the counts are those of `Probe`."""

    name: str
    elements: int
    max_abs: float
    overflow: int
    subnormal: int


def rounded(model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[Weight], list[Probe]]:
    """The rounding model, its constants, and its probes in the order of the graph.

    Rounded are float32 weights, inputs and outputs of nodes; in graphs inside nodes too, without
    probes. Integers are left alone, and so is what an op takes as a float32
    setting (`scales`). What a node does inside, such as an LSTM's gates, is not seen.
    """
    import onnx

    out = onnx.ModelProto()
    out.CopyFrom(model)
    onnx_contract.infer(out)
    weights = _round_weights(out)
    probes = _Rounding(out, out.graph, probed=True).run()
    return out, weights, probes


def _round_weights(model: onnx.ModelProto) -> list[Weight]:
    """Constants of all graphs, in place; one that is a setting of some op stays exact for it."""
    import numpy as np
    import onnx
    from onnx import numpy_helper

    opset = onnx_file.opset(model)
    constants = {t.name for graph in onnx_file.graphs(model) for t in graph.initializer}
    settings, bounds, weights = set(), set(), []
    for node in onnx_canonical.nodes_of(model):
        for i in onnx_half.settings(node, opset):
            if node.input[i] in constants:
                settings.add(node.input[i])
                node.input[i] = f"{node.input[i]}/exact"
        if node.op_type == "Clip":
            bounds |= set(node.input[1:])
    for graph in onnx_file.graphs(model):
        for tensor in list(graph.initializer):
            if tensor.data_type != onnx.TensorProto.FLOAT:
                continue
            values = numpy_helper.to_array(tensor)
            if tensor.name in settings:
                copy = numpy_helper.from_array(values, f"{tensor.name}/exact")
                graph.initializer.append(copy)
            with np.errstate(over="ignore"):
                half = values.astype(np.float16).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(half, tensor.name))
            if tensor.name in settings | bounds:  # a bound beyond float16 bounds nothing: harmless
                continue
            size = np.abs(values)
            weights.append(
                Weight(
                    name=tensor.name,
                    elements=int(values.size),
                    max_abs=float(size.max(initial=0.0)),
                    overflow=int(np.isinf(half).sum()),
                    subnormal=int(((size > 0) & (size < onnx_half.SMALLEST_NORMAL)).sum()),
                )
            )
    return weights


class _Rounding:
    """One graph: a pair of casts behind every float value, and the probes of the main graph."""

    def __init__(self, model: onnx.ModelProto, graph: onnx.GraphProto, *, probed: bool) -> None:
        from onnx import TensorProto

        self.model, self.graph, self.probed = model, graph, probed
        self.opset = onnx_file.opset(model)
        values = (*graph.value_info, *graph.input, *graph.output)
        self.elements: dict[str, int] = {}
        for value in values:
            kind = value.type.tensor_type
            if kind.elem_type == TensorProto.FLOAT:
                self.elements[value.name] = _size(kind)
        self.nodes: list[onnx.NodeProto] = []
        self.probes: list[Probe] = []

    def run(self) -> list[Probe]:
        names: dict[str, str] = {}  # what readers of a graph input read instead
        if self.probed:
            for value in self.graph.input:
                if value.name in self.elements:
                    names[value.name] = f"{value.name}/rounded"
                    self._round(value.name, names[value.name], value.name, "")
        for node in self.graph.node:
            self._settings(node)
            node.input[:] = [names.get(name, name) for name in node.input]
            onnx_canonical.rename_captured(node, names)
            for inner in onnx_canonical.subgraphs(node):
                _Rounding(self.model, inner, probed=False).run()
            self.nodes.append(node)
            for i, name in enumerate(node.output):
                if name in self.elements:
                    node.output[i] = f"{name}/exact"
                    self._round(f"{name}/exact", name, name, node.name)
        if self.probes:
            self._constants()
        onnx_canonical.replace(self.graph.node, self.nodes)
        return self.probes

    def _settings(self, node: onnx.NodeProto) -> None:
        """A computed setting is read as it was before rounding."""
        inputs = {v.name for v in self.graph.input}
        for i in onnx_half.settings(node, self.opset):
            if node.input[i] in self.elements.keys() - inputs:
                node.input[i] = f"{node.input[i]}/exact"

    def _round(self, exact: str, result: str, value: str, layer: str) -> None:
        from onnx import TensorProto

        self._add("Cast", [exact], f"{value}/half", to=TensorProto.FLOAT16)
        self._add("Cast", [f"{value}/half"], result, to=TensorProto.FLOAT)
        if self.probed:
            probe = Probe(value=value, layer=layer, elements=self.elements[value])
            self._measure(probe, exact, result)
            self.probes.append(probe)

    def _measure(self, probe: Probe, exact: str, result: str) -> None:
        base = f"{probe.value}/probe"
        before = self._add("Abs", [exact], f"{base}/before")
        after = self._add("Abs", [result], f"{base}/after")
        self._add("ReduceMax", [before], probe.output("max_abs"), keepdims=0)
        over = self._add("Greater", [after, "probe/largest"], f"{base}/over")
        self._count(over, probe.output("overflow"))
        number = self._add("Greater", [after, "probe/minus_one"], f"{base}/number")
        no_number = self._add("Not", [number], f"{base}/no_number")
        self._count(no_number, probe.output("nan"))
        small = self._add("Less", [before, "probe/smallest"], f"{base}/small")
        some = self._add("Greater", [before, "probe/zero"], f"{base}/some")
        both = self._add("And", [small, some], f"{base}/both")
        self._count(both, probe.output("subnormal"))

    def _count(self, truth: str, output: str) -> None:
        from onnx import TensorProto

        self._add("Cast", [truth], f"{output}/ones", to=TensorProto.FLOAT)
        self._add("ReduceSum", [f"{output}/ones"], output, keepdims=0)

    def _constants(self) -> None:
        """The limits that probes compare with, and the probes' outputs."""
        import numpy as np
        from onnx import TensorProto, helper, numpy_helper

        for name, number in (
            ("largest", onnx_half.LARGEST),
            ("smallest", onnx_half.SMALLEST_NORMAL),
            ("zero", 0.0),
            ("minus_one", -1.0),
        ):
            tensor = numpy_helper.from_array(np.asarray(number, np.float32), f"probe/{name}")
            self.graph.initializer.append(tensor)
        for probe in self.probes:
            for figure in FIGURES:
                info = helper.make_tensor_value_info(probe.output(figure), TensorProto.FLOAT, [])
                self.graph.output.append(info)

    def _add(self, op: str, inputs: list[str], output: str, **attributes: int) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, [output], output, **attributes))
        return output


def _size(kind: onnx.TypeProto.Tensor) -> int:
    """Elements of a value of static shape; 0 where the shape is not known."""
    size = 1
    for dim in kind.shape.dim:
        size *= dim.dim_value
    return size
