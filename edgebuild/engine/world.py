"""Digests of the code of steps: of all that a kind, or a module that it loads, can reach."""

from __future__ import annotations

import ast
import functools
import importlib.util
from collections.abc import Iterable
from pathlib import Path

from edgebuild import digest as digests
from edgebuild.kinds import Kinds

_PACKAGE = "edgebuild"


def code_digest(kinds: Kinds, kind_id: str) -> str:
    """sha256 over the source of a kind's module and of everything of its own package that it
    imports, directly or not, plus what it names in `code`. A comment counts: telling code from comment is
    not worth a wrong hit."""
    return _digest(kinds.module(kind_id), *kinds.get(kind_id).code)


def module_digest(name: str) -> str:
    """The same of a module that is no kind, such as a quality metric's."""
    return _digest(name)


def code_files(kinds: Kinds, kind_ids: Iterable[str], modules: Iterable[str] = ()) -> set[Path]:
    """The files `code_digest` reads for these kinds, and `module_digest` for these modules."""
    names = {n for k in kind_ids for n in (kinds.module(k), *kinds.get(k).code)} | set(modules)
    return {Path(path) for name in names for _, path in _closure(name)}


def _digest(*names: str) -> str:
    files = sorted({file for name in names for file in _closure(name)})
    return digests.of_json([[name, _source_digest(path)] for name, path in files]).hash


@functools.cache
def _closure(name: str) -> frozenset[tuple[str, str]]:
    """(module, path) of a module or package and of what it imports of its own top-level package and of
    edgebuild. A package counts whole if it is `name` itself, or if a module that finds modules by their place
    (with pkgutil) imports it."""
    seen: dict[str, str] = {}
    todo = [(name, True)]
    whole: set[str] = set()
    while todo:
        current, all_of_it = todo.pop()
        path = _file(current)
        if path is None or (current in seen and not (all_of_it and current not in whole)):
            continue
        seen[current] = path
        if all_of_it and path.endswith("__init__.py"):
            whole.add(current)
            folder = Path(path).parent
            todo += [(f"{current}.{p.stem}", False) for p in folder.glob("*.py")]
            todo += [(f"{current}.{p.parent.name}", True) for p in folder.glob("*/__init__.py")]
        imports = _imports(current, path)
        by_place = "pkgutil" in imports
        todo += [(found, by_place) for found in imports if found != "pkgutil"]
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
    """What a module's source imports, at any depth of nesting, of its own top-level package and of
    edgebuild; `pkgutil` too, which tells that it finds modules by their place."""
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
    ours = (top, _PACKAGE, "pkgutil")
    return tuple(m for m in found if m.partition(".")[0] in ours and m != _PACKAGE)


@functools.cache
def _source_digest(path: str) -> str:
    return digests.of_file(path).hash
