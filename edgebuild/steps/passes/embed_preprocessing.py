"""Puts into the graph what a device would have to do to raw values: layout, colours, mean, scale.

The named inputs take raw values afterwards, as the device delivers them: in `dtype`, `layout` and
`color`. The graph then casts, transposes, puts the channels in the network's order, subtracts
`mean` and divides by `scale`, all in ops that every backend knows. Where only plain convolutions
read the input, the order of channels is put into their weights instead and costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edgebuild.errors import EdgebuildError, suggest
from edgebuild.formats import onnx_canonical, onnx_contract, onnx_file
from edgebuild.step import Call, Color, Contract, Layout, StepKind, Tensor, param
from edgebuild.steps import examples

if TYPE_CHECKING:
    import numpy as np
    import onnx
    from numpy.typing import NDArray

_RGB = {"RGB", "BGR"}
_PERMUTATION = {("NHWC", "NCHW"): (0, 3, 1, 2), ("NCHW", "NHWC"): (0, 2, 3, 1)}


class PreprocessingError(EdgebuildError):
    """Preprocessing that cannot be put into this model."""


@dataclass(frozen=True, kw_only=True)
class Params:
    """Which inputs, and how the device delivers their values."""

    inputs: tuple[str, ...] = param("names of the inputs")
    dtype: Literal["float32", "uint8"] = param("type the device delivers", "float32")
    color: Color | None = param("channel order the device delivers; as the network's", None)
    layout: Layout | None = param("layout the device delivers; as the network's", None)


def contract(params: Params, before: Contract) -> Contract:
    """The contract afterwards: the inputs as the device delivers them, nothing left to be done."""
    inputs = dict(before.inputs)
    for name in params.inputs:
        if name not in inputs:
            near = suggest(name, inputs)
            raise PreprocessingError(
                f"embed_preprocessing: the model has no input `{name}`",
                hint=f"did you mean `{near}`?" if near else f"it has {', '.join(inputs)}",
            )
        inputs[name] = _delivered(name, inputs[name], params)
    return replace(before, inputs=inputs)


def run(call: Call) -> None:
    """Put the work in front of each of the inputs."""
    before = Contract.from_json(call.facts["contract"])
    after = contract(call.params, before)
    model = onnx_file.load(call.inputs["model"])
    for name in call.params.inputs:
        _embed(model, name, before.inputs[name], after.inputs[name])
    onnx_contract.fix(model, after)
    onnx_file.check(model)
    onnx_file.save(model, call.outputs["model"])


def _delivered(name: str, tensor: Tensor, params: Params) -> Tensor:
    color, layout = params.color or tensor.color, params.layout or tensor.layout
    if color != tensor.color and not {color, tensor.color} <= _RGB:
        raise PreprocessingError(
            f"embed_preprocessing: `{name}` is {tensor.color}, which cannot be made of {color}",
            hint="declare the input's `color` as RGB or BGR, or leave `color` out",
        )
    if layout != tensor.layout and (layout, tensor.layout) not in _PERMUTATION:
        raise PreprocessingError(
            f"embed_preprocessing: `{name}` is {tensor.layout}, which cannot be made of {layout}",
            hint="declare the input's `layout` as NCHW or NHWC, or leave `layout` out",
        )
    if not tensor.dtype.startswith("float") and tensor.dtype != params.dtype:
        raise PreprocessingError(
            f"embed_preprocessing: `{name}` takes {tensor.dtype}, which is not made of "
            f"{params.dtype} here",
            hint=f"leave `{name}` out of `inputs`",
        )
    shape = tensor.shape
    if layout != tensor.layout:
        back = _PERMUTATION[tensor.layout, layout]
        shape = tuple(tensor.shape[axis] for axis in back)
    _channel_axis(name, tensor)
    return replace(
        tensor, shape=shape, dtype=params.dtype, color=color, layout=layout, mean=(), scale=()
    )


def _channel_axis(name: str, tensor: Tensor) -> int:
    """Where the channels are, as far as anything of the tensor is said by channel."""
    most = max(len(tensor.mean), len(tensor.scale))
    if most <= 1 and tensor.color not in _RGB:
        return 0
    axis = {"NCHW": 1, "NHWC": 3, "NCL": 1, "NC": 1}.get(tensor.layout)
    if axis is None or axis >= len(tensor.shape):
        raise PreprocessingError(
            f"embed_preprocessing: which axis of `{name}` has its channels?",
            hint="declare the input's `layout`",
        )
    for values in (tensor.mean, tensor.scale):
        if len(values) not in (0, 1, tensor.shape[axis]):
            raise PreprocessingError(
                f"embed_preprocessing: `{name}` has {tensor.shape[axis]} channels, "
                f"but {len(values)} values of mean or scale"
            )
    return axis


def _embed(model: onnx.ModelProto, name: str, network: Tensor, device: Tensor) -> None:
    """Rename the network's input and make it of the device's, which takes the old name."""
    from onnx import helper

    graph = model.graph
    value = next(v for v in graph.input if v.name == name)
    if any(v.name == name for v in graph.output):
        raise PreprocessingError(f"embed_preprocessing: `{name}` is an output of the model too")
    elem_type = value.type.tensor_type.elem_type
    inner = f"{name}/network"
    for node in onnx_canonical.nodes_of(model):
        node.input[:] = [inner if given == name else given for given in node.input]
    axis = _channel_axis(name, network)
    flip = device.color != network.color
    if flip and _fold_flip(model, inner, network.layout):
        network, flip = _flipped(network), False
    made = _Chain(model, name, inner)
    value.CopyFrom(
        helper.make_tensor_value_info(name, onnx_contract.elem_type_of(device.dtype), device.shape)
    )
    if value.type.tensor_type.elem_type != elem_type:
        made.add("Cast", "cast", to=elem_type)
    if device.layout != network.layout:
        made.add("Transpose", "layout", perm=_PERMUTATION[device.layout, network.layout])
    if flip:
        made.flip(axis, network.shape[axis])
    if any(network.mean):
        made.constant("Sub", "mean", _vector(network.mean, network, axis), elem_type)
    if any(value != 1 for value in network.scale):
        made.constant("Mul", "scale", 1 / _vector(network.scale, network, axis), elem_type)
    made.finish()


class _Chain:
    """Nodes one after the other in front of a graph, from a device's input to the network's."""

    def __init__(self, model: onnx.ModelProto, name: str, inner: str) -> None:
        self.graph, self.opset = model.graph, onnx_file.opset(model)
        self.name, self.inner = name, inner
        self.last = name
        self.nodes: list[onnx.NodeProto] = []

    def add(self, op: str, step: str, *more: str, **attributes: object) -> None:
        from onnx import helper

        output = f"{self.name}/{step}"
        self.nodes.append(helper.make_node(op, [self.last, *more], [output], output, **attributes))
        self.last = output

    def constant(self, op: str, step: str, values: NDArray[np.float64], elem_type: int) -> None:
        """An op with a constant of the network's type beside the value."""
        from onnx import helper, numpy_helper

        dtype = helper.tensor_dtype_to_np_dtype(elem_type)
        name = f"{self.name}/{step}/value"
        self.graph.initializer.append(numpy_helper.from_array(values.astype(dtype), name))
        self.add(op, step, name)

    def flip(self, axis: int, channels: int) -> None:
        """Channels in reverse, as slices put together again: no index, no strided read."""
        from onnx import helper

        parts = [f"{self.name}/channel{i}" for i in range(channels)]
        count = {"num_outputs": channels} if self.opset >= 18 else {}
        split = helper.make_node("Split", [self.last], parts, parts[0], axis=axis, **count)
        self.nodes.append(split)
        output = f"{self.name}/color"
        self.nodes.append(helper.make_node("Concat", parts[::-1], [output], output, axis=axis))
        self.last = output

    def finish(self) -> None:
        """The last node makes the network's input; with none, the input is the device's."""
        if not self.nodes:
            for node in self.graph.node:
                node.input[:] = [self.name if n == self.inner else n for n in node.input]
            return
        self.nodes[-1].output[0] = self.inner
        onnx_canonical.replace(self.graph.node, [*self.nodes, *self.graph.node])


def _vector(values: Sequence[float], tensor: Tensor, axis: int) -> NDArray[np.float64]:
    """Shaped to broadcast along the channels."""
    import numpy as np

    shape = [1] * len(tensor.shape)
    if len(values) > 1:
        shape[axis] = len(values)
    return np.asarray(values, np.float64).reshape(shape)


def _flipped(tensor: Tensor) -> Tensor:
    """The same in the other colour order."""
    other: Color = "BGR" if tensor.color == "RGB" else "RGB"
    return replace(tensor, color=other, mean=tensor.mean[::-1], scale=tensor.scale[::-1])


def _fold_flip(model: onnx.ModelProto, name: str, layout: str) -> bool:
    """Reverse the input channels of the convolutions that read `name`, if nothing else does."""
    import numpy as np
    from onnx import numpy_helper

    if layout != "NCHW":
        return False
    readers = [n for n in onnx_canonical.nodes_of(model) if name in n.input]
    captured = [n for n in model.graph.node if name in onnx_canonical.captured(n)]
    weights = {t.name: t for t in model.graph.initializer}
    for node in readers:
        group = next((a.i for a in node.attribute if a.name == "group"), 1)
        plain = node.op_type == "Conv" and group == 1 and list(node.input).index(name) == 0
        if not plain or node.input[1] not in weights or captured:
            return False
    keys = {node.input[1] for node in readers}
    others = [n for n in onnx_canonical.nodes_of(model) if n not in readers]
    elsewhere = {name for node in others for name in node.input}
    elsewhere |= {v.name for v in model.graph.output}
    if keys & elsewhere:
        return False
    for key in keys:
        values = numpy_helper.to_array(weights[key])
        flipped = np.ascontiguousarray(values[:, ::-1])
        weights[key].CopyFrom(numpy_helper.from_array(flipped, key))
    return True


def example(folder: Path) -> Call:
    """The tiny model, fed with a camera's interleaved BGR bytes."""
    params = Params(inputs=("image",), dtype="uint8", color="BGR", layout="NHWC")
    return examples.call(folder, KIND, params=params)


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
