"""Small models that a rewrite proves itself on, written as ONNX text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True, kw_only=True)
class Example:
    """A graph in the textual syntax of `onnx.parser`, without the header.

    weights    inputs that become constants with random values.
    tolerance  largest difference, as a share of an output's largest magnitude. 0 where the same
               arithmetic is done; 1e-6 where sums or factors are taken in another order.
    """

    graph: str
    opset: int = 13
    weights: tuple[str, ...] = ()
    tolerance: float = 1e-6

    def model(self) -> onnx.ModelProto:
        """The same model at every call: weights are seeded."""
        import numpy as np
        import onnx
        from onnx import helper, numpy_helper

        header = f'<ir_version: 8, opset_import: ["": {self.opset}]>\n'
        model = onnx.parser.parse_model(header + self.graph)
        random = np.random.default_rng(11)
        for value in [v for v in model.graph.input if v.name in self.weights]:
            shape = [d.dim_value for d in value.type.tensor_type.shape.dim]
            kind = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
            array = (random.standard_normal(shape) * 0.5).astype(kind)
            model.graph.initializer.append(numpy_helper.from_array(array, value.name))
            model.graph.input.remove(value)
        return model
