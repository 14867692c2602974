"""Weights and activations in float16, half the size; ops that cannot do that keep float32.

Inputs and outputs stay float32 and are cast inside, unless `keep_io` is false. A weight beyond
float16's largest value, 65504, is refused; a bound of a Clip beyond it becomes 65504, which is the
same bound. Ops that hold graphs (If, Loop, Scan) keep float32 with all that is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgebuild.errors import EdgebuildError
from edgebuild.formats import onnx_canonical, onnx_contract, onnx_file, onnx_half, onnx_run
from edgebuild.step import Call, Contract, StepKind, Tensor, param
from edgebuild.steps import examples

if TYPE_CHECKING:
    import onnx


class HalfError(EdgebuildError):
    """A model that float16 cannot hold."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """What happens at the model's borders."""

    keep_io: bool = param("inputs and outputs stay float32", True)


def contract(params: Params, before: Contract) -> Contract:
    """float32 inputs and outputs become float16, unless they are kept."""

    def half(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {
            name: replace(t, dtype="float16") if t.dtype == "float32" else t
            for name, t in tensors.items()
        }

    if params.keep_io:
        return before
    return Contract(inputs=half(before.inputs), outputs=half(before.outputs))


def run(call: Call) -> None:
    """Convert, check, let ONNX Runtime load it, write."""
    model = onnx_file.load(call.inputs["model"])
    onnx_contract.infer(model)
    _Conversion(model, keep_io=call.params.keep_io).run()
    onnx_contract.fix(model, contract(call.params, Contract.from_json(call.facts["contract"])))
    onnx_file.check(model)
    onnx_run.session(model)
    onnx_file.save(model, call.outputs["model"])


class _Conversion:
    """One graph on its way to float16: every float value has a name as half, as full, or both.

    `natural` is the form in which a value is made; the other form is a Cast behind it, made when
    somebody asks for it.
    """

    def __init__(self, model: onnx.ModelProto, *, keep_io: bool) -> None:
        from onnx import TensorProto

        self.graph, self.keep_io = model.graph, keep_io
        self.opset = onnx_file.opset(model)
        values = (*self.graph.value_info, *self.graph.input, *self.graph.output)
        self.floats = {v.name for v in values if v.type.tensor_type.elem_type == TensorProto.FLOAT}
        self.weights = {
            t.name: t for t in self.graph.initializer if t.data_type == TensorProto.FLOAT
        }
        self.floats |= self.weights.keys()
        self.inputs = {v.name for v in self.graph.input}
        self.outputs = {v.name for v in self.graph.output}
        self.bounds: set[str] = set()
        self.names: dict[tuple[str, bool], str] = {}
        self.nodes: list[onnx.NodeProto] = []
        self.made: list[onnx.TensorProto] = []

    def run(self) -> None:
        from onnx import TensorProto

        graph = self.graph
        for node in graph.node:
            if node.op_type == "Clip":
                self.bounds |= {name for name in node.input[1:] if name in self.weights}
        for value in (*graph.input, *graph.output):
            if value.name in self.floats and not self.keep_io:
                value.type.tensor_type.elem_type = TensorProto.FLOAT16
        for name in self.inputs & self.floats:
            self.names[name, not self.keep_io] = name
        for node in graph.node:
            self._node(node)
        for name in (v.name for v in graph.output if v.name in self.floats):  # in their order
            assert self._as(name, not self.keep_io) == name
        kept = [t for t in graph.initializer if t.name not in self.weights]
        onnx_canonical.replace(graph.initializer, [*kept, *self.made])
        onnx_canonical.replace(graph.node, self.nodes)

    def _node(self, node: onnx.NodeProto) -> None:
        """`node` with its inputs in the form it takes, and its outputs under their new names."""
        half = onnx_half.can_be_half(node, self.opset, self.floats)
        settings = onnx_half.settings(node, self.opset)
        fixed = onnx_half.fixed_outputs(node, self.opset)
        for i, name in enumerate(node.input):
            if name in self.floats:
                node.input[i] = self._as(name, half and i not in settings)
        captured = onnx_canonical.captured(node) & self.floats
        onnx_canonical.rename_captured(node, {n: self._as(n, False) for n in sorted(captured)})
        if half:
            _retype(node)
        self.nodes.append(node)
        for i, name in enumerate(node.output):
            if name in self.floats:
                node.output[i] = self._define(name, half and i not in fixed)

    def _define(self, name: str, half: bool) -> str:
        """The name of a value just made; an output keeps its own name for its final form."""
        final = name not in self.outputs or half != self.keep_io
        self.names[name, half] = name if final else _other(name, half)
        return self.names[name, half]

    def _as(self, name: str, half: bool) -> str:
        """The name under which `name` can be had in this form, made if nobody asked before."""
        from onnx import TensorProto, helper

        if (name, half) in self.names:
            return self.names[name, half]
        if name in self.weights:
            return self._weight(name, half)
        source = self.names[name, not half]
        new = name if source != name else _other(name, half)
        to = TensorProto.FLOAT16 if half else TensorProto.FLOAT
        self.nodes.append(helper.make_node("Cast", [source], [new], f"{new}/cast", to=to))
        self.names[name, half] = new
        return new

    def _weight(self, name: str, half: bool) -> str:
        import onnx

        taken = (name, not half) in self.names
        if name in self.outputs:  # its own name is that of what the world reads
            taken = half == self.keep_io
        new = _other(name, half) if taken else name
        tensor = onnx.TensorProto()
        tensor.CopyFrom(self.weights[name])
        if half:
            _halve(tensor, bound=name in self.bounds)
        tensor.name = new
        self.made.append(tensor)
        self.names[name, half] = new
        return new


def _other(name: str, half: bool) -> str:
    return f"{name}/half" if half else f"{name}/full"


def _retype(node: onnx.NodeProto) -> None:
    """Attributes that say float32 say float16."""
    from onnx import TensorProto

    if node.op_type == "Constant" and any(a.name.startswith("value_") for a in node.attribute):
        _constant_as_tensor(node)
    for attribute in node.attribute:
        if attribute.name == "to" and attribute.i == TensorProto.FLOAT:
            attribute.i = TensorProto.FLOAT16
        elif attribute.name == "value" and attribute.t.data_type == TensorProto.FLOAT:
            _halve(attribute.t, bound=False)


def _constant_as_tensor(node: onnx.NodeProto) -> None:
    """`value_float` and `value_floats` are float32 by their name: the same as `value`."""
    import numpy as np
    from onnx import helper, numpy_helper

    for i, attribute in enumerate(node.attribute):
        if attribute.name in ("value_float", "value_floats"):
            values = np.asarray(helper.get_attribute_value(attribute), np.float32)
            tensor = numpy_helper.from_array(values)
            node.attribute[i].CopyFrom(helper.make_attribute("value", tensor))


def _halve(tensor: onnx.TensorProto, *, bound: bool) -> None:
    import numpy as np
    from onnx import numpy_helper

    values = numpy_helper.to_array(tensor)
    finite = np.isfinite(values)
    if bound:
        values = np.where(finite, np.clip(values, -onnx_half.LARGEST, onnx_half.LARGEST), values)
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    if not np.isfinite(half[finite]).all():
        raise HalfError(
            f"to_fp16: `{tensor.name}` has values beyond float16's largest, 65504",
            fields={"largest": f"{float(np.abs(values[finite]).max()):g}"},
            hint="scale the layer down, or leave `to_fp16` out of the recipe",
        )
    tensor.CopyFrom(numpy_helper.from_array(half, tensor.name))


def example(folder: Path) -> Call:
    """The tiny model."""
    return examples.call(folder, KIND)


KIND = StepKind(
    role="pass",
    run=run,
    tools="onnx",
    consumes=("model",),
    produces={"model": "model.onnx"},
    params=Params,
    facts=("contract",),
    contract=contract,
)
