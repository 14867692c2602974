"""Brings an ONNX model into the form that ONNX Runtime's quantiser takes whole, op by op."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgebuild.errors import EdgebuildError
from edgebuild.formats import onnx_canonical, onnx_contract, onnx_file
from edgebuild.qnn import clips, fuse, hoist

if TYPE_CHECKING:
    import onnx


class PrepareError(EdgebuildError):
    """A model that cannot be made ready for quantisation."""


def prepare(model: onnx.ModelProto, *, opset: int, htp: bool, folder: Path) -> onnx.ModelProto:
    """A model that computes the same, of this opset at least, in ops that can be quantised.

    `htp`: every one of them, and with the scales Qualcomm's HTP wants. `folder` is for files on the
    way. PrepareError if the opset cannot be had.
    """
    import onnx

    model = _at_opset(model, opset)
    prepared = onnx.ModelProto()
    prepared.CopyFrom(model)
    _constants_to_initializers(prepared.graph)
    del prepared.metadata_props[:]  # ONNX Runtime's preparation stumbles over any
    fuse.fuse_softmax(prepared.graph)
    fuse.gemm_biases(prepared.graph)
    if htp:
        prepared = _for_htp(prepared, folder)
    onnx_contract.infer(prepared)
    return prepared


def _at_opset(model: onnx.ModelProto, wanted: int) -> onnx.ModelProto:
    import onnx

    before = onnx_file.opset(model)
    if before >= wanted:
        return model
    try:
        converted = onnx.version_converter.convert_version(model, wanted)
    except Exception as error:  # the C++ half raises RuntimeError and others
        raise PrepareError(
            f"the model cannot be brought from opset {before} to {wanted}, which Q/DQ needs",
            fields={"reason": " ".join(str(error).split())},
            hint="export the network with a newer opset",
        ) from error
    if before < 11:
        # Upsample and the first Resize knew this one way only; the converter forgets to say so.
        for node in converted.graph.node:
            if node.op_type == "Resize":
                kept = [a for a in node.attribute if a.name == "mode"]
                onnx_canonical.replace(node.attribute, kept)
                for name, value in (
                    ("coordinate_transformation_mode", "asymmetric"),
                    ("nearest_mode", "floor"),
                ):
                    node.attribute.append(onnx.helper.make_attribute(name, value))
    return converted


def _for_htp(model: onnx.ModelProto, folder: Path) -> onnx.ModelProto:
    import onnx
    from onnxruntime.quantization.execution_providers.qnn import qnn_preprocess_model

    given, made = folder / "given.onnx", folder / "made.onnx"
    onnx_file.save(model, given)
    out = onnx.load(made if qnn_preprocess_model(given, made) else given)
    onnx_contract.infer(out)
    fuse.batch_norms_to_convs(out.graph)
    hoist.hoist_activations(out.graph)
    clips.as_max_and_min(out.graph)
    return out


def _constants_to_initializers(graph: onnx.GraphProto) -> None:
    """What Constant makes becomes an initializer: only these are quantised as weights."""
    import numpy as np
    from onnx import helper, numpy_helper

    kinds = {"value_float": "f4", "value_floats": "f4", "value_int": "i8", "value_ints": "i8"}
    rest = []
    for node in graph.node:
        given = next(iter(node.attribute), None) if node.op_type == "Constant" else None
        if given is not None and given.name == "value":
            graph.initializer.add().CopyFrom(given.t)
            graph.initializer[-1].name = node.output[0]
        elif given is not None and given.name in kinds:
            values = np.array(helper.get_attribute_value(given), kinds[given.name])
            graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        else:
            rest.append(node)
    onnx_canonical.replace(graph.node, rest)
