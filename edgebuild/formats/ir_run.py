"""An OpenVINO IR as OpenVINO shows it, and its answers on this machine's CPU, in float32.

The CPU plugin computes in bfloat16 where it can unless it is told otherwise; here it is told so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast, get_args

from edgebuild.formats import ir
from edgebuild.formats.ir import Ir, IrError
from edgebuild.formats.naming import Port
from edgebuild.step import DType

if TYPE_CHECKING:
    import openvino as ov
    from numpy.typing import NDArray

    Arrays: TypeAlias = dict[str, NDArray[Any]]

_DTYPES = {
    "f32": "float32", "f16": "float16", "u8": "uint8", "i8": "int8", "i32": "int32", "i64": "int64",
    "boolean": "bool",
}  # fmt: skip


def read(xml: Path, bin: Path) -> tuple[Ir, list[Port], list[Port]]:
    """The files, checked against each other, and the inputs and outputs that OpenVINO shows.

    An IR of version 10 that stores float16 takes float32 there. IrError if OpenVINO refuses it.
    """
    import openvino as ov

    found = ir.load(xml, bin)
    try:
        model = ov.Core().read_model(str(xml), str(bin))
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise IrError(f"OpenVINO cannot read {xml.name}", fields={"reason": reason}) from error
    inputs = [_port(p, o) for p, o in zip(found.inputs, model.inputs, strict=True)]
    return found, inputs, [_port(p, o) for p, o in zip(found.outputs, model.outputs, strict=True)]


def executor(
    xml: Path, bin: Path, outputs: Sequence[str], threads: int = 1
) -> Callable[[Arrays], Arrays]:
    """A function from inputs to outputs, whose names are given in the order of the IR's results."""
    compiled = _compiled(xml, bin, threads)

    def execute(feeds: Arrays) -> Arrays:
        found = compiled(feeds)
        return {name: found[i] for i, name in enumerate(outputs)}

    return execute


def kernels(xml: Path, bin: Path, threads: int = 1) -> list[tuple[str, str]]:
    """The layers as OpenVINO runs them: type (`Convolution`), and what computes it (`brgconv_avx2_f32`)."""
    return [
        (info["layerType"].astype(str), info["primitiveType"].astype(str))
        for op in _compiled(xml, bin, threads).get_runtime_model().get_ops()
        for info in [op.get_rt_info()]
    ]


def _compiled(xml: Path, bin: Path, threads: int) -> ov.CompiledModel:
    import openvino as ov

    core = ov.Core()
    return core.compile_model(
        core.read_model(str(xml), str(bin)),
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1},
    )


def _port(port: ir.Port, seen: ov.Output) -> Port:
    """Names as the .xml lists them; shape and type as OpenVINO shows them."""
    word = _DTYPES.get(seen.get_element_type().get_type_name())
    return Port(
        names=port.names,
        shape=tuple(d.get_length() if d.is_static else None for d in seen.get_partial_shape()),
        dtype=cast("DType", word) if word in get_args(DType) else None,
    )
