"""Instruction sets of x86-64 by oneDNN's names (its `ONEDNN_MAX_CPU_ISA`), and whether a machine has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

VARIABLE = "ONEDNN_MAX_CPU_ISA"
_AVX512 = ("avx512f", "avx512bw", "avx512vl", "avx512dq")
# What the kernel calls what each needs. https://uxlfoundation.github.io/oneDNN, "CPU Dispatcher Control"
ISAS: Mapping[str, tuple[str, ...]] = {
    "SSE41": ("sse4_1",),
    "AVX": ("avx",),
    "AVX2": ("avx2", "fma"),
    "AVX2_VNNI": ("avx2", "fma", "avx_vnni"),
    "AVX512_CORE": _AVX512,
    "AVX512_CORE_VNNI": (*_AVX512, "avx512_vnni"),
    "AVX512_CORE_BF16": (*_AVX512, "avx512_vnni", "avx512_bf16"),
    "AVX512_CORE_FP16": (*_AVX512, "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    "AVX512_CORE_AMX": (*_AVX512, "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8"),
}
# In names of kernels, such as `brgconv_avx512_amx`, weakest first.
_LEVELS = ("sse4", "avx", "avx2", "avx512", "amx")


def lacking(isa: str, cpuinfo: Path = Path("/proc/cpuinfo")) -> list[str]:
    """What the machine does not have of `isa`, in the kernel's words."""
    try:
        text = cpuinfo.read_text()
    except OSError:
        text = ""
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    flags = set(found[1].split()) if found else set()
    return [flag for flag in ISAS[isa] if flag not in flags]


def beyond(isa: str, kernels: Iterable[str]) -> list[str]:
    """Names of kernels that say they use more than `isa`."""
    most = max(i for i, level in enumerate(_LEVELS) if level.upper() in isa)
    stronger = [re.compile(rf"{level}(?![0-9])") for level in _LEVELS[most + 1 :]]
    return sorted({k for k in kernels if any(s.search(k) for s in stronger)})
