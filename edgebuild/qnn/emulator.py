"""Executes a DLC file on QNN's HTP emulator, with the arithmetic of a given chip."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from ctypes import POINTER, byref, c_char_p, c_uint32, cast
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats import dlc
from edgebuild.qnn import QnnError, abi, libraries
from edgebuild.qnn.abi import Handle
from edgebuild.qnn.socs import Soc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays: TypeAlias = Mapping[str, NDArray[Any]]
    Execute: TypeAlias = Callable[[Arrays], dict[str, NDArray[Any]]]

# numpy's type for the bytes of QNN's types; quantised ones are plain integers.
STORED = {
    "float32": "float32",
    "float16": "float16",
    "int32": "int32",
    "int64": "int64",
    "int8": "int8",
    "uint8": "uint8",
    "bool8": "bool",
    "ufxp8": "uint8",
    "sfxp8": "int8",
    "ufxp16": "uint16",
    "sfxp16": "int16",
}
_NOISE = "unexpected GraphHtpSettings option"  # said of every graph, good ones too


@contextmanager
def emulate(path: Path, graph: dlc.Graph, soc: Soc) -> Iterator[Execute]:
    """A function from the DLC's inputs to its outputs, by name, in the types the DLC stores.

    `graph` is what `edgebuild.formats.dlc` reads of the file. The chip is set on the emulated
    device: without it QNN computes like another one (floats as float32, for example). QnnError,
    with what the HTP says, if the chip does not take the graph.
    """
    with ExitStack() as stack:
        said: list[str] = []
        htp = abi.load_interface(libraries.library("libQnnHtp.so"))
        system = abi.load_system(libraries.library("libQnnSystem.so"))
        logger, callback = _logger(stack, htp, said)
        backend = _backend(stack, htp, logger)
        device = _device(stack, htp, logger, soc)
        context = _context(stack, htp, backend, device)
        call = _Caller(htp, said, soc)
        info = _compose(stack, call, system, path, backend, context)
        handle = Handle()
        retrieve = abi.function(htp, abi.GRAPH_RETRIEVE, Handle, c_char_p, POINTER(Handle))
        call("retrieve the graph", retrieve(context, info.name, byref(handle)))
        finalize = abi.function(htp, abi.GRAPH_FINALIZE, Handle, Handle, Handle)
        call("prepare the graph", finalize(handle, None, None))
        yield _executor(call, info, handle, graph)
        del callback  # alive until here: the library calls it


class _Caller:
    """Turns an error code into a QnnError with what the library said since the last call."""

    def __init__(self, htp: abi.Interface, said: list[str], soc: Soc) -> None:
        self.htp, self.said, self.soc = htp, said, soc

    def __call__(self, verb: str, code: int) -> None:
        if not code:
            self.said.clear()
            return
        text = c_char_p()
        abi.function(self.htp, abi.ERROR_MESSAGE, abi.Error, POINTER(c_char_p))(code, byref(text))
        meaning = (text.value or b"").decode(errors="replace")
        said = list(dict.fromkeys(line for line in self.said if _NOISE not in line))
        raise QnnError(
            f"the emulated HTP of {self.soc.name} cannot {verb}",
            fields={"error": f"{code & 0xFFFF} {meaning}".strip(), "QNN says": "; ".join(said)},
        )


def _logger(stack: ExitStack, htp: abi.Interface, said: list[str]) -> tuple[Handle, Any]:
    vsnprintf = ctypes.CDLL(None).vsnprintf

    def listen(form: bytes, _level: int, _time: int, arguments: int) -> None:
        buffer = ctypes.create_string_buffer(4096)
        vsnprintf(buffer, len(buffer), c_char_p(form), ctypes.c_void_p(arguments))
        said.append(buffer.value.decode(errors="replace").replace("<E>", "").strip())

    callback = abi.LogCallback(listen)
    handle = Handle()
    create = abi.function(htp, abi.LOG_CREATE, abi.LogCallback, c_uint32, POINTER(Handle))
    if code := create(callback, abi.LOG_ERRORS, byref(handle)):
        raise QnnError(f"QNN does not start: logCreate gave error {code}")
    stack.callback(abi.function(htp, abi.LOG_FREE, Handle), handle)
    return handle, callback


def _backend(stack: ExitStack, htp: abi.Interface, logger: Handle) -> Handle:
    handle = Handle()
    create = abi.function(htp, abi.BACKEND_CREATE, Handle, Handle, POINTER(Handle))
    if code := create(logger, None, byref(handle)):
        raise QnnError(f"QNN does not start: backendCreate gave error {code}")
    stack.callback(abi.function(htp, abi.BACKEND_FREE, Handle), handle)
    return handle


def _device(stack: ExitStack, htp: abi.Interface, logger: Handle, soc: Soc) -> Handle:
    custom = abi.HtpDeviceConfig(option=abi.HTP_DEVICE_SOC, soc_model=soc.model)
    config = abi.DeviceConfig(option=abi.DEVICE_CUSTOM, custom=ctypes.addressof(custom))
    configs = (Handle * 2)(ctypes.addressof(config), None)
    handle = Handle()
    create = abi.function(htp, abi.DEVICE_CREATE, Handle, Handle, POINTER(Handle))
    if code := create(logger, cast(configs, Handle), byref(handle)):
        raise QnnError(f"QNN has no emulated device for {soc}: deviceCreate gave error {code}")
    stack.callback(abi.function(htp, abi.DEVICE_FREE, Handle), handle)
    return handle


def _context(stack: ExitStack, htp: abi.Interface, backend: Handle, device: Handle) -> Handle:
    handle = Handle()
    create = abi.function(htp, abi.CONTEXT_CREATE, Handle, Handle, Handle, POINTER(Handle))
    if code := create(backend, device, None, byref(handle)):
        raise QnnError(f"QNN does not start: contextCreate gave error {code}")
    stack.callback(abi.function(htp, abi.CONTEXT_FREE, Handle, Handle), handle, None)
    return handle


def _compose(
    stack: ExitStack,
    call: _Caller,
    system: abi.SystemInterface,
    path: Path,
    backend: Handle,
    context: Handle,
) -> abi.GraphInfo:
    """Builds the DLC's graph in the context; its description lives as long as the process."""
    container = Handle()
    read = abi.function(system, abi.DLC_FROM_FILE, Handle, c_char_p, POINTER(Handle))
    call("read the DLC", read(None, str(path).encode(), byref(container)))
    stack.callback(abi.function(system, abi.DLC_FREE, Handle), container)
    graphs, count = POINTER(abi.GraphInfo)(), c_uint32()
    compose = abi.function(
        system,
        abi.DLC_COMPOSE,
        *(Handle, Handle, c_uint32, Handle, Handle, abi.Interface, c_uint32),
        *(POINTER(POINTER(abi.GraphInfo)), POINTER(c_uint32)),
    )
    code = compose(
        *(container, None, 0, backend, context, call.htp, abi.GRAPH_INFO_V1),
        *(byref(graphs), byref(count)),
    )
    call("take the graph", code)
    if count.value != 1 or graphs[0].version != abi.GRAPH_INFO_V1:
        raise QnnError(f"the DLC gave {count.value} graphs, not one")
    info: abi.GraphInfo = graphs[0]
    return info


def _executor(call: _Caller, info: abi.GraphInfo, handle: Handle, graph: dlc.Graph) -> Execute:
    import numpy as np

    inputs = _bindings(info.inputs, info.input_count, graph.inputs)
    outputs = _bindings(info.outputs, info.output_count, graph.outputs)
    run = abi.function(
        call.htp,
        abi.GRAPH_EXECUTE,
        *(Handle, POINTER(abi.Tensor), c_uint32, POINTER(abi.Tensor), c_uint32, Handle, Handle),
    )

    def execute(feeds: Arrays) -> dict[str, NDArray[Any]]:
        for name, (_, buffer) in inputs.items():
            array = np.asarray(feeds[name])
            if array.shape != buffer.shape or array.dtype != buffer.dtype:
                raise QnnError(
                    f"input `{name}` does not fit the DLC",
                    fields={
                        "has": f"{list(array.shape)} {array.dtype}",
                        "wanted": f"{list(buffer.shape)} {buffer.dtype}",
                    },
                )
            buffer[...] = array
        arguments = (info.inputs, info.input_count, info.outputs, info.output_count)
        call("execute the graph", run(handle, *arguments, None, None))
        return {name: buffer.copy() for name, (_, buffer) in outputs.items()}

    return execute


def _bindings(
    tensors: Any, count: int, known: Sequence[dlc.Tensor]
) -> dict[str, tuple[abi.Tensor, NDArray[Any]]]:
    """Gives each tensor a buffer of its own; by its name in the DLC.

    QNN has an order of its own, and rewrites names that are no identifiers, such as `input:0`.
    """
    import numpy as np

    by_name = {_identifier(t.name): t for t in known}
    if count != len(known) or len(by_name) != len(known):
        raise QnnError(
            "QNN and the DLC's tables differ in the number of inputs or outputs",
            fields={"QNN": str(count), "tables": ", ".join(t.name for t in known)},
        )
    bound = {}
    for i in range(count):
        tensor = tensors[i]
        name = tensor.name.decode()
        shape = tuple(tensor.dimensions[: tensor.rank])
        expected = by_name.get(_identifier(name))
        if expected is None or shape != expected.shape or expected.dtype not in STORED:
            raise QnnError(
                f"QNN reads `{name}` of the DLC otherwise than its tables say",
                fields={"QNN": str(list(shape)), "tables": str(expected)},
            )
        buffer = np.zeros(shape, STORED[expected.dtype])
        tensor.memory = abi.MEMORY_RAW
        tensor.data = buffer.ctypes.data
        tensor.size_bytes = buffer.nbytes
        bound[expected.name] = (tensor, buffer)
    return bound


def _identifier(name: str) -> str:
    return re.sub(r"\W", "_", name, flags=re.ASCII).lstrip("_")
