"""Facts of the machine that bytes and figures can depend on, read in microseconds."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping

# CPU features by which the numerical libraries choose their kernels.
_ISA_FLAGS = (
    "sse4_1", "sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512dq", "avx512bw", "avx512vl",
    "avx512_vnni", "avx_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16", "amx_fp16",
    "asimd", "asimddp", "asimdhp", "i8mm", "bf16", "sve", "sve2",
)  # fmt: skip
# OpenBLAS and oneDNN also go by what CPU it is: how they block a sum decides how it rounds.
_MODEL = ("vendor_id", "cpu family", "model", "CPU implementer", "CPU part")
_CPUINFO = "/proc/cpuinfo"


def facts() -> dict[str, str]:
    """What a kind can depend on (`StepKind.platform`): `isa` (architecture, CPU, vector extensions, and the C
    library, whose exp and sin are not the same in every version), `threads`, `cpu` (its model, and how many
    cores there are)."""
    return {"isa": _isa(), "threads": "1", "cpu": f"{_cpu()}, {os.cpu_count()} cores"}


@functools.cache
def _isa() -> str:
    info = _first_core()
    flags = set((info.get("flags") or info.get("Features") or "").split())
    model = "/".join(info[name] for name in _MODEL if name in info)
    words = (os.uname().machine, model, *(f for f in _ISA_FLAGS if f in flags), _libc())
    return " ".join(filter(None, words))


def _cpu() -> str:
    return _first_core().get("model name") or os.uname().machine


def _libc() -> str:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").replace(" ", "-")
    except (ValueError, OSError):  # not glibc
        return ""


@functools.cache
def _first_core() -> Mapping[str, str]:
    """What the kernel says of the first core. Reading on to the last takes long where there are many."""
    text = b""
    try:
        with open(_CPUINFO, "rb", buffering=0) as file:
            while b"\n\n" not in text and (chunk := file.read(1 << 14)):
                text += chunk
    except OSError:
        return {}
    lines = text.partition(b"\n\n")[0].decode(errors="replace").splitlines()
    return {name.strip(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
