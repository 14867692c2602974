"""A model opened for rewriting: its nodes, and what is known of every value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.rewrites.refused import RefusedError

if TYPE_CHECKING:
    import numpy as np
    import onnx
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[Any]
    Operand: TypeAlias = str | np.generic | NDArray[Any]

FORM_OPSET = 13  # every node that a rewrite makes is of this opset


class Graph:
    """The main graph of a model, as lists and dictionaries that rewrites read and change.

    `opset` is that of the nodes that were not made by a rewrite. Initializers are never inputs
    here, and there are no Constant nodes.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        import onnx
        from onnx import numpy_helper

        self.model = model
        self.opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = list(model.graph.output)
        self.constants: dict[str, Array] = {
            t.name: numpy_helper.to_array(t) for t in model.graph.initializer
        }
        self.types: dict[str, int] = {}
        self.shapes: dict[str, tuple[int, ...] | None] = {}
        for value in model.graph.input:
            if value.name not in self.constants:
                self.inputs.append(value)
        outputs = set(self.output_names)
        for node in model.graph.node:
            if node.op_type == "Constant" and not outputs.intersection(node.output):
                self.constants[node.output[0]] = _value_of(node)
            elif node.op_type == "Constant":
                self.nodes.append(self._constant_output(node.output[0], _value_of(node)))
            else:
                copy = onnx.NodeProto()
                copy.CopyFrom(node)
                copy.name = node.name or f"{node.op_type}_{next(filter(None, node.output), '')}"
                self.nodes.append(copy)
        self._names = set(self.constants) | {v.name for v in self.inputs}
        self._names |= {name for node in self.nodes for name in node.output}
        self.makers: dict[str, onnx.NodeProto] = {}
        self.note(self.nodes)

    def _constant_output(self, name: str, value: Array) -> onnx.NodeProto:
        """A model's output stays the output of a node."""
        from onnx import helper

        self.constants[f"{name}/value"] = value
        return helper.make_node("Identity", [f"{name}/value"], [name], name=f"Constant_{name}")

    @property
    def output_names(self) -> list[str]:
        """Names of the model's outputs, in order."""
        return [value.name for value in self.outputs]

    def note(self, nodes: Iterable[onnx.NodeProto]) -> None:
        """Remember which of `nodes` makes each value."""
        for node in nodes:
            for name in node.output:
                self.makers[name] = node

    def constant(self, name: str) -> Array | None:
        """The value behind `name`, if it is known before the model runs."""
        return self.constants.get(name)

    def shape(self, name: str) -> tuple[int, ...]:
        """The whole shape; RefusedError where it is not known before the model runs."""
        if name in self.constants:
            return tuple(self.constants[name].shape)
        shape = self.shapes.get(name)
        if shape is None:
            raise RefusedError(f"the shape of `{name}` is not known before the model runs")
        return shape

    def has_shape(self, name: str) -> bool:
        """Whether `shape` would give one."""
        return name in self.constants or self.shapes.get(name) is not None

    def dtype(self, name: str) -> np.dtype[Any]:
        """The type of a value's elements; RefusedError where it is not known."""
        from onnx import helper

        if name in self.constants:
            constant: np.dtype[Any] = self.constants[name].dtype
            return constant
        if name not in self.types:
            raise RefusedError(f"the type of `{name}` is not known before the model runs")
        found: np.dtype[Any] = helper.tensor_dtype_to_np_dtype(self.types[name])
        return found

    def readers(self, name: str) -> int:
        """How many nodes and model outputs read a value."""
        count = sum(list(node.input).count(name) for node in self.nodes)
        return count + self.output_names.count(name)

    def fresh(self, stem: str) -> str:
        """A name that no value has."""
        k = 0
        while (name := f"{stem}/{k}") in self._names:
            k += 1
        self._names.add(name)
        return name

    def replace(self, node: onnx.NodeProto) -> Builder:
        """A builder of the nodes that take the place of `node`."""
        return Builder(self, node)


class Builder:
    """Makes the nodes that replace one node; their names start with its name."""

    def __init__(self, graph: Graph, node: onnx.NodeProto) -> None:
        self.graph = graph
        self.node = node
        self.nodes: list[onnx.NodeProto] = []
        self._stem = next(name for name in node.output if name)

    def add(self, op: str, *inputs: Operand, out: str | None = None, **attributes: Any) -> str:
        """One node with one output, whose name is returned: `out`, else a fresh one.

        Inputs are names of values, or arrays, which become constants.
        """
        return self.many(op, *inputs, outs=(out or self.graph.fresh(self._stem),), **attributes)[0]

    def many(
        self, op: str, *inputs: Operand, outs: int | Iterable[str], **attributes: Any
    ) -> list[str]:
        """One node with several outputs: `outs` is their names, or how many fresh ones."""
        from onnx import helper

        if isinstance(outs, int):
            outs = [self.graph.fresh(self._stem) for _ in range(outs)]
        names = list(outs)
        node = helper.make_node(
            op,
            [i if isinstance(i, str) else self.constant(i) for i in inputs],
            names,
            name=f"{self.node.name}/{op}_{len(self.nodes)}",
            **{key: value for key, value in attributes.items() if value is not None},
        )
        self.nodes.append(node)
        self.graph.note([node])
        return names

    def constant(self, value: Any) -> str:
        """The name of a new constant."""
        import numpy as np

        name = self.graph.fresh(self._stem)
        array = np.asarray(value)
        self.graph.constants[name] = array.copy(order="C")
        return name

    def like(self, name: str, value: Any) -> Array:
        """`value` as an array of the type that the value `name` has."""
        import numpy as np

        return np.asarray(value, self.graph.dtype(name))

    def reshape(self, name: str, shape: Iterable[int], out: str | None = None) -> str:
        """A Reshape to a constant shape."""
        import numpy as np

        return self.add("Reshape", name, np.array(tuple(shape), np.int64), out=out)


def attribute(node: onnx.NodeProto, name: str, default: Any = None) -> Any:
    """The value of an attribute; text as `str`."""
    from onnx import helper

    for item in node.attribute:
        if item.name == name:
            value = helper.get_attribute_value(item)
            return value.decode() if isinstance(value, bytes) else value
    return default


def without(node: onnx.NodeProto, *names: str) -> None:
    """Take attributes away from a node."""
    kept = [item for item in node.attribute if item.name not in names]
    del node.attribute[:]
    node.attribute.extend(kept)


def optional(node: onnx.NodeProto, index: int) -> str:
    """The name of an input, or empty text where it is left out."""
    return node.input[index] if index < len(node.input) else ""


def _value_of(node: onnx.NodeProto) -> Array:
    import numpy as np
    from onnx import numpy_helper

    (item,) = node.attribute
    if item.name == "value":
        return numpy_helper.to_array(item.t)
    if item.name in ("value_float", "value_floats"):
        return np.asarray(attribute(node, item.name), np.float32)
    if item.name in ("value_int", "value_ints"):
        return np.asarray(attribute(node, item.name), np.int64)
    raise RefusedError(f"constants given as `{item.name}` are not handled")
