"""What the world adds to an action: digests of step code, tool environments, facts of the machine."""

from __future__ import annotations

import ast
import functools
import importlib.util
import platform
from collections.abc import Iterable
from pathlib import Path

from edgebuild import digest as digests
from edgebuild.kinds import Kinds

_PACKAGE = "edgebuild"
# CPU features by which the numerical libraries choose their kernels.
_ISA_FLAGS = (
    "sse4_1", "avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512_vnni",
    "avx_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16",
    "asimd", "asimddp", "asimdhp", "i8mm", "bf16", "sve",
)  # fmt: skip


def code_digest(kinds: Kinds, kind_id: str) -> str:
    """sha256 over the source of a kind's module and of everything of its own package that it
    imports, directly or not, plus what it names in `code`. A comment counts: telling code from comment is
    not worth a wrong hit."""
    names = [kinds.module(kind_id), *kinds.get(kind_id).code]
    files = sorted({file for name in names for file in _closure(name)})
    return digests.of_json([[name, _source_digest(path)] for name, path in files]).hash


def code_files(kinds: Kinds, kind_ids: Iterable[str]) -> set[Path]:
    """The files `code_digest` reads for these kinds."""
    names = {n for k in kind_ids for n in (kinds.module(k), *kinds.get(k).code)}
    return {Path(path) for name in names for _, path in _closure(name)}


def machine() -> dict[str, str]:
    """Facts a kind can depend on: `isa` (architecture and vector extensions), `threads`."""
    return {"isa": _isa(), "threads": "1"}


@functools.cache
def _isa() -> str:
    flags: set[str] = set()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("flags", "Features"):
                flags = set(value.split())
                break
    except OSError:
        return platform.machine()
    return " ".join([platform.machine(), *(flag for flag in _ISA_FLAGS if flag in flags)])


@functools.cache
def _closure(name: str) -> frozenset[tuple[str, str]]:
    """(module, path) of a module or package and its imports within its own top-level package."""
    seen: dict[str, str] = {}
    todo = [name]
    while todo:
        current = todo.pop()
        if current in seen:
            continue
        path = _file(current)
        if path is None:
            continue
        seen[current] = path
        if path.endswith("__init__.py") and current == name:
            todo += [f"{current}.{p.stem}" for p in Path(path).parent.glob("*.py")]
            todo += [f"{current}.{p.parent.name}" for p in Path(path).parent.glob("*/__init__.py")]
        todo += _imports(current, path)
    return frozenset(seen.items())


@functools.cache
def _file(name: str) -> str | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None
    return spec.origin if spec and spec.has_location else None


@functools.cache
def _imports(name: str, path: str) -> tuple[str, ...]:
    """What a module's source imports, at any depth of nesting, from its own top-level package."""
    top = name.partition(".")[0]
    found: list[str] = []
    for node in ast.walk(ast.parse(Path(path).read_bytes())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name if path.endswith("__init__.py") else name.rpartition(".")[0]
                for _ in range(node.level - 1):
                    package = package.rpartition(".")[0]
                base = f"{package}.{base}".rstrip(".")
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(m for m in found if m.partition(".")[0] == top and m != _PACKAGE)


@functools.cache
def _source_digest(path: str) -> str:
    return digests.of_file(path).hash
