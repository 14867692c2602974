"""Breaks a network as tools and people do, without a word."""

from dataclasses import dataclass
from typing import Literal

from edgebuild.formats import onnx_file
from edgebuild.step import Call, StepKind, param


@dataclass(frozen=True, kw_only=True)
class Params:
    """In which way."""

    how: Literal["resize", "rename", "magnify", "saturate"] = param("what is done to it")


def run(call: Call) -> None:
    """Load, break, save."""
    model = onnx_file.load(call.inputs["model"])
    {"resize": _resize, "rename": _rename, "magnify": _magnify, "saturate": _saturate}[
        call.params.how
    ](model)
    onnx_file.save(model, call.outputs["model"])


def _resize(model):
    """Nearest, because an old converter knew no other."""
    from onnx import helper

    for node in model.graph.node:
        if node.op_type == "Resize":
            del node.attribute[:]
            for name, value in (
                ("mode", "nearest"),
                ("coordinate_transformation_mode", "asymmetric"),
                ("nearest_mode", "floor"),
            ):
                node.attribute.append(helper.make_attribute(name, value))


def _rename(model):
    """As a converter that numbers its outputs."""
    output = model.graph.output[0]
    for node in model.graph.node:
        node.output[:] = ["output_0" if n == output.name else n for n in node.output]
    output.name = "output_0"


def _magnify(model):
    """The second convolution gives 20000 times as much, the third takes it back: in floats, no difference."""
    from onnx import numpy_helper

    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    one, other = convolutions[1:3]
    for name, factor in ((one.input[1], 2e4), (one.input[2], 2e4), (other.input[1], 5e-5)):
        values = (numpy_helper.to_array(weights[name]) * factor).astype("float32")
        weights[name].CopyFrom(numpy_helper.from_array(values, name))


def _saturate(model):
    """What the second convolution gives is quantised as if a sixteenth of its range were all."""
    from onnx import numpy_helper

    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    makers = {output: node for node in model.graph.node for output in node.output}
    second = [node for node in model.graph.node if node.op_type == "Conv"][1]
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear" and _stems_from(node.input[0], second, makers):
            scale = weights[node.input[1]]
            small = (numpy_helper.to_array(scale) / 16).astype("float32")
            scale.CopyFrom(numpy_helper.from_array(small, scale.name))
            return
    raise AssertionError("nothing to saturate")


def _stems_from(name, node, makers):
    maker = makers.get(name)
    while maker is not None and maker.op_type == "Relu":
        maker = makers.get(maker.input[0])
    return maker is node


KIND = StepKind(
    role="pass", run=run, tools="onnx", consumes=("model",), produces={"model": "model.onnx"},
    params=Params,
)  # fmt: skip
