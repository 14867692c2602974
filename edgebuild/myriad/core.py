"""The compiler's C++ functions: InferenceEngine::Core of OpenVINO 2021.4.2, called through ctypes.

Pinned to the libraries of `libraries.py`, since the layout of their classes is built in here. An
error in C++ ends the process with SIGABRT and its message on stderr; see `complaints`.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from edgebuild.myriad import cxx, imports

# In the order they need each other. Loading each by path with its symbols global satisfies
# what the next one asks for by name alone, so no LD_LIBRARY_PATH is needed.
_LOAD_FIRST = (
    "libtbb.so.2",
    "libtbbmalloc.so.2",
    "libngraph.so",
    "libinference_engine_transformations.so",
    "libinference_engine.so",
    "libinference_engine_legacy.so",
)
_PLUGIN = "libmyriadPlugin.so"
_NO_DEVICE_DISCOVERY = 2  # LIBUSB_OPTION_NO_DEVICE_DISCOVERY

# InferenceEngine::Precision::PrecisionInfo: bits, name, whether floating point, and its number.
_PRECISIONS = {"FP16": (16, True, 11), "U8": (8, False, 40)}


class AbiMismatchError(Exception):
    """The libraries' classes are not laid out as this module expects."""


class OtherInputsError(Exception):
    """The network as the compiler read it has other inputs than the model."""


def load(folder: Path, libusb: Path) -> ctypes.CDLL:
    """Load the compiler, and make sure that it neither waits for a device nor touches one.

    Opening a device, it takes a lock that all processes of the machine share
    (`/tmp/mvnc.mutex`), then searches USB for 5 seconds. Told that the lock cannot be taken,
    it gives up at once and compiles without a device, which is all that is wanted; the blob is
    the same. That no device is ever searched for is ensured a second time by libusb's own option.
    """
    usb = ctypes.CDLL(str(libusb), mode=ctypes.RTLD_GLOBAL)
    usb.libusb_set_option.argtypes = [ctypes.c_void_p, ctypes.c_int]
    usb.libusb_set_option(None, _NO_DEVICE_DISCOVERY)
    for name in _LOAD_FIRST:
        ctypes.CDLL(str(folder / name), mode=ctypes.RTLD_GLOBAL)
    plugin = ctypes.CDLL(str(folder / _PLUGIN))
    integer = ctypes.c_int
    imports.replace(
        plugin,
        {
            "open": ctypes.CFUNCTYPE(integer, ctypes.c_char_p, integer, integer)(_open_nothing),
            "flock": ctypes.CFUNCTYPE(integer, integer, integer)(_never_lock),
        },
    )
    return ctypes.CDLL(str(folder / "libinference_engine.so"))


def _open_nothing(path: bytes, flags: int, mode: int) -> int:
    """Stands for `open`, which the plugin uses for the lock file and for PCIe devices alone."""
    return os.open(os.devnull, os.O_RDONLY)


def _never_lock(descriptor: int, operation: int) -> int:
    return -1


def compile_model(
    engine: ctypes.CDLL,
    *,
    folder: Path,
    model: Path,
    blob: Path,
    inputs: Mapping[str, str],
    config: Mapping[str, str],
) -> None:
    """Write `blob`. `inputs` gives each input's precision, U8 or FP16; all outputs become FP16.

    OtherInputsError if the compiler's network does not have those inputs.
    """
    core = cxx.allocate(64)
    _call(engine, "_ZN15InferenceEngine4CoreC1ERKSs", core, cxx.string(str(folder / "plugins.xml")))
    network = cxx.allocate(256)
    _call(
        engine,
        "_ZNK15InferenceEngine4Core11ReadNetworkERKSsS2_",
        network,
        core,
        cxx.string(str(model)),
        cxx.string(""),
    )
    found = _tensors(engine, network, "_ZNK15InferenceEngine10CNNNetwork13getInputsInfoEv")
    if {name for name, _ in found} != inputs.keys():
        raise OtherInputsError(_difference(inputs, [name for name, _ in found]))
    for name, address in found:
        # InputInfo: {PreProcessInfo: 40 bytes; shared_ptr<Data>}
        _set_precision(engine, name, cxx.pointer_at(address + 40), inputs[name])
    for name, address in _tensors(
        engine, network, "_ZNK15InferenceEngine10CNNNetwork14getOutputsInfoEv"
    ):
        _set_precision(engine, name, address, "FP16")
    executable = cxx.allocate(256)
    _call(
        engine,
        "_ZN15InferenceEngine4Core11LoadNetworkERKNS_10CNNNetworkERKSsRKSt3mapISsSsSt4lessISsE"
        "SaISt4pairIS4_SsEEE",
        executable,
        core,
        network,
        cxx.string("MYRIAD"),
        cxx.string_map(config),
    )
    _call(
        engine,
        "_ZN15InferenceEngine17ExecutableNetwork6ExportERKSs",
        executable,
        cxx.string(str(blob)),
    )


def _tensors(engine: ctypes.CDLL, network: int, getter: str) -> list[tuple[str, int]]:
    """Each input or output of the network: its name, and the object its shared_ptr points to."""
    found = cxx.allocate(cxx.MAP_SIZE)
    _call(engine, getter, found, network)
    return [(name, cxx.pointer_at(shared)) for name, shared in cxx.map_items(found)]


def _difference(expected: Iterable[str], found: Iterable[str]) -> str:
    lost, new = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if not new:
        return f"nothing in the model depends on its input {', '.join(f'`{n}`' for n in lost)}"
    return (
        f"the compiler calls input {', '.join(f'`{n}`' for n in lost)}"
        f" {', '.join(f'`{n}`' for n in new)}: an op behind it does nothing (Dropout, for one);"
        " the pass `simplify` removes it"
    )


def _set_precision(engine: ctypes.CDLL, name: str, data: int, precision: str) -> None:
    """Data::setPrecision, after Data::getName has shown that the address is right."""
    get_name: Any = engine["_ZNK15InferenceEngine4Data7getNameEv"]
    get_name.argtypes, get_name.restype = [ctypes.c_void_p], ctypes.c_uint64
    if cxx.string_at(get_name(data)) != name:
        raise AbiMismatchError(f"what should describe `{name}` does not")
    bits, floating, number = _PRECISIONS[precision]
    text = cxx.pointer_at(cxx.string(precision))
    info = cxx.allocate(24)
    ctypes.memmove(info, struct.pack("<QQ?B6x", bits, text, floating, number), 24)
    _call(engine, "_ZN15InferenceEngine4Data12setPrecisionERKNS_9PrecisionE", data, info)


def _call(engine: ctypes.CDLL, symbol: str, *addresses: int) -> None:
    function: Any = engine[symbol]
    function.argtypes = [ctypes.c_void_p] * len(addresses)
    function.restype = None
    function(*addresses)
