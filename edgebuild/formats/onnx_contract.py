"""An ONNX model's inputs and outputs: read as a contract, and made to be what a contract says."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from edgebuild.errors import suggest
from edgebuild.formats.contract_file import ContractError, differences
from edgebuild.formats.onnx_file import OnnxError
from edgebuild.step import Contract, DType, Tensor

if TYPE_CHECKING:
    import onnx


def fix(model: onnx.ModelProto, contract: Contract, name: str = "the model") -> None:
    """Make `model` take and give exactly what `contract` says, in its order, with static shapes.

    A dimension that the graph leaves open becomes the declared one; whatever the graph does fix
    has to agree. Inputs that are initializers too stop being inputs. Shapes are inferred anew.
    ContractError, naming every difference, if the two do not go together.
    """
    import onnx

    graph = model.graph
    constants = {t.name for t in graph.initializer}
    inputs = {v.name: v for v in graph.input if v.name not in constants}
    outputs = {v.name: v for v in graph.output}
    problems = [
        *_names("input", list(inputs), list(contract.inputs)),
        *_names("output", list(outputs), list(contract.outputs)),
    ]
    if problems:
        raise _error(name, problems)
    for values, tensors in ((inputs, contract.inputs), (outputs, contract.outputs)):
        for key, tensor in tensors.items():
            _fill(values[key], tensor)
    for field, kept in ((graph.input, inputs), (graph.output, outputs)):
        order = contract.inputs if field is graph.input else contract.outputs
        copies = [_copy(kept[key]) for key in order]
        del field[:]
        field.extend(copies)
    model.ir_version = max(model.ir_version, 4)  # before 4 every initializer had to be an input
    infer(model, name)
    problems = differences(contract, of_model(model))
    if problems:
        raise _error(name, problems)
    onnx.checker.check_model(model)


def of_model(model: onnx.ModelProto) -> Contract:
    """Names, shapes and types as the graph says; OnnxError where a shape is not static."""
    constants = {t.name for t in model.graph.initializer}
    return Contract(
        inputs={v.name: _tensor(v) for v in model.graph.input if v.name not in constants},
        outputs={v.name: _tensor(v) for v in model.graph.output},
    )


def infer(model: onnx.ModelProto, name: str = "the model") -> None:
    """Put types and shapes of all values into `model`, strictly, forgetting those it had."""
    import onnx

    del model.graph.value_info[:]
    try:
        inferred = onnx.shape_inference.infer_shapes(
            model, check_type=True, strict_mode=True, data_prop=True
        )
    except onnx.shape_inference.InferenceError as error:
        raise OnnxError(
            f"shapes of {name} do not go together",
            fields={"onnx": " ".join(str(error).split())},
            hint="compare the manifest's shapes with those the network was made for",
        ) from error
    model.CopyFrom(inferred)


def dtype_of(elem_type: int) -> DType | None:
    """The vocabulary's word for one of ONNX's element types; None if it has none."""
    import onnx

    if elem_type not in onnx.TensorProto.DataType.values() or elem_type == 0:
        return None
    word = onnx.TensorProto.DataType.Name(elem_type).lower()
    word = {"float": "float32"}.get(word, word)
    return cast("DType", word) if word in get_args(DType) else None


def elem_type_of(dtype: DType) -> int:
    """The inverse of `dtype_of`."""
    import onnx

    word = {"float32": "FLOAT"}.get(dtype, dtype.upper())
    return int(onnx.TensorProto.DataType.Value(word))


def _names(word: str, has: list[str], wants: list[str]) -> list[str]:
    lines = []
    for name in wants:
        if name not in has:
            near = suggest(name, has)
            lines.append(
                f"{word} `{name}` is declared, but the model has "
                + (f"`{near}`" if near else ", ".join(f"`{n}`" for n in has) or "none")
            )
    return lines + [
        f"{word} `{name}` of the model is not declared" for name in has if name not in wants
    ]


def _fill(value: onnx.ValueInfoProto, tensor: Tensor) -> None:
    """Give open dimensions the declared size; a shape that is missing wholly, the declared one."""
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        for size in tensor.shape:
            kind.shape.dim.add(dim_value=size)
    elif len(kind.shape.dim) == len(tensor.shape):
        for dim, size in zip(kind.shape.dim, tensor.shape, strict=True):
            if not dim.HasField("dim_value") or dim.dim_value <= 0:
                dim.dim_value = size


def _tensor(value: onnx.ValueInfoProto) -> Tensor:
    kind = value.type.tensor_type
    dtype = dtype_of(kind.elem_type) if value.type.HasField("tensor_type") else None
    if dtype is None:
        raise OnnxError(
            f"`{value.name}` is of a type that no target takes",
            hint=f"types are {', '.join(get_args(DType))}",
        )
    dims = kind.shape.dim if kind.HasField("shape") else ()
    if not kind.HasField("shape") or not all(d.HasField("dim_value") for d in dims):
        shown = ", ".join(d.dim_param or str(d.dim_value or "?") for d in dims)
        raise OnnxError(
            f"the shape of `{value.name}` is not static: [{shown}]",
            hint="declare it in the manifest; `simplify` folds computed shapes",
        )
    return Tensor(shape=tuple(d.dim_value for d in dims), dtype=dtype)


def _copy(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    import onnx

    copy = onnx.ValueInfoProto()
    copy.CopyFrom(value)
    return copy


def _error(name: str, problems: list[str]) -> ContractError:
    return ContractError(
        f"{name} is not what the manifest declares",
        fields={str(number): line for number, line in enumerate(problems, 1)},
        hint="change `inputs` and `outputs` of the manifest, or the model",
    )
