"""QNN's C API as ctypes: the structures and the places of functions that executing a DLC needs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import (
    POINTER,
    Structure,
    Union,
    c_char_p,
    c_float,
    c_int32,
    c_uint8,
    c_uint32,
    c_void_p,
)
from pathlib import Path
from typing import Any

from edgebuild.qnn import QnnError

# Facts of the public headers QnnTypes.h, QnnInterface.h, QnnSystemInterface.h, QnnDevice.h,
# QnnHtpDevice.h of the version below. An interface is handed over by value, so its length counts.
CORE_VERSION = (2, 40)
SYSTEM_MAJOR = 1
_FUNCTIONS = 75
Handle = c_void_p
Error = ctypes.c_uint64

BACKEND_CREATE, BACKEND_FREE = 1, 8
CONTEXT_CREATE, CONTEXT_FREE = 9, 14
GRAPH_FINALIZE, GRAPH_RETRIEVE, GRAPH_EXECUTE = 19, 20, 21
LOG_CREATE, LOG_FREE = 25, 27
DEVICE_CREATE, DEVICE_FREE = 40, 43
ERROR_MESSAGE = 48
DLC_FROM_FILE, DLC_COMPOSE, DLC_FREE = 8, 10, 12

LOG_ERRORS = 1
DEVICE_CUSTOM, HTP_DEVICE_SOC = 0, 0
GRAPH_INFO_V1 = 1
MEMORY_RAW = 0

LogCallback = ctypes.CFUNCTYPE(None, c_char_p, c_uint32, ctypes.c_uint64, c_void_p)


class Interface(Structure):
    """QnnInterface_t."""

    _fields_ = (
        ("backend_id", c_uint32),
        ("name", c_char_p),
        ("core", c_uint32 * 3),
        ("backend", c_uint32 * 3),
        ("functions", c_void_p * _FUNCTIONS),
    )


class SystemInterface(Structure):
    """QnnSystemInterface_t, as far as it is used here."""

    _fields_ = (
        ("backend_id", c_uint32),
        ("name", c_char_p),
        ("system", c_uint32 * 3),
        ("functions", c_void_p * (DLC_FREE + 1)),
    )


class HtpDeviceConfig(Structure):
    """QnnHtpDevice_CustomConfig_t with a chip's number; its union may hold a pointer: the gap."""

    _fields_ = (("option", c_uint32), ("_", c_uint32), ("soc_model", c_uint32), ("__", c_uint32))


class DeviceConfig(Structure):
    """QnnDevice_Config_t."""

    _fields_ = (("option", c_uint32), ("custom", c_void_p))


class ScaleOffset(Structure):
    """Qnn_ScaleOffset_t."""

    _fields_ = (("scale", c_float), ("offset", c_int32))


class _Encoding(Union):
    _fields_ = (("scale_offset", ScaleOffset), ("_", ctypes.c_uint64 * 4))


class Tensor(Structure):
    """Qnn_Tensor_t, version 2."""

    _fields_ = (
        ("version", c_uint32),
        ("id", c_uint32 * 2),
        ("name", c_char_p),
        ("type", c_uint32),
        ("format", c_uint32),
        ("dtype", c_uint32),
        ("definition", c_uint32 * 2),
        ("encoding_kind", c_uint32),
        ("encoding", _Encoding),
        ("rank", c_uint32),
        ("dimensions", POINTER(c_uint32)),
        ("memory", c_uint32),
        ("data", c_void_p),
        ("size_bytes", c_uint32),
        ("dynamic", c_void_p),
        ("sparse", c_uint32 * 3),
        ("produced", c_uint8),
    )


class GraphInfo(Structure):
    """QnnSystemContext_GraphInfo_t, version 1."""

    _fields_ = (
        ("version", c_uint32),
        ("name", c_char_p),
        ("input_count", c_uint32),
        ("inputs", POINTER(Tensor)),
        ("output_count", c_uint32),
        ("outputs", POINTER(Tensor)),
    )


assert (ctypes.sizeof(Tensor), Tensor.data.offset, Tensor.encoding.offset) == (144, 104, 48)
assert ctypes.sizeof(Interface) == 40 + 8 * _FUNCTIONS


def load_interface(path: Path) -> Interface:
    """The interface of a backend library. QnnError if it is of a version not known here."""
    interface: Interface = _first(path, "QnnInterface_getProviders", Interface)
    _check(path, tuple(interface.core[:2]), CORE_VERSION)
    return interface


def load_system(path: Path) -> SystemInterface:
    """The interface of the system library. QnnError if it is of a version not known here."""
    interface: SystemInterface = _first(path, "QnnSystemInterface_getProviders", SystemInterface)
    _check(path, tuple(interface.system[:1]), (SYSTEM_MAJOR,))
    return interface


def function(interface: Any, place: int, *arguments: Any) -> Callable[..., int]:
    """A function of an interface by its place; it gives an error code, 0 = none."""
    address = interface.functions[place]
    if not address:
        raise QnnError(f"the QNN library lacks function {place} of its interface")
    found: Callable[..., int] = ctypes.CFUNCTYPE(Error, *arguments)(address)
    return found


def _first(path: Path, name: str, kind: Any) -> Any:
    try:
        get = getattr(ctypes.CDLL(str(path)), name)
    except (OSError, AttributeError) as error:
        raise QnnError(f"{path.name} cannot be loaded", fields={"reason": str(error)}) from error
    get.restype = Error
    providers, count = POINTER(POINTER(kind))(), c_uint32()
    code = get(ctypes.byref(providers), ctypes.byref(count))
    if code or not count.value:
        raise QnnError(f"{path.name} provides no interface (error {code})")
    return providers[0].contents


def _check(path: Path, found: tuple[int, ...], known: tuple[int, ...]) -> None:
    if found != known:
        raise QnnError(
            f"{path.name} is of QNN interface {'.'.join(map(str, found))}, "
            f"edgebuild knows {'.'.join(map(str, known))}",
            hint="use the `qnn` tool environment as locked",
        )
