"""Digests of the code of steps: of all that a kind, or a module that it loads, can reach."""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import importlib.util
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgebuild import digest as digests
from edgebuild.errors import EdgebuildError
from edgebuild.kinds import Kinds

_PACKAGE = "edgebuild"


class BrokenCode(EdgebuildError):
    """A module of a step that is no Python."""


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A file as it was when it was first looked at: what `os.stat` said just before, its content's sha256,
    the modules it imports as it names them (dots before the name: how far up), and whether it does
    anything."""

    signature: tuple[int, ...]
    hash: str
    imports: tuple[tuple[int, str], ...]
    runs: bool


def code_digest(kinds: Kinds, kind_id: str) -> str:
    """sha256 over the source of a kind's module and of everything of its own package that it
    imports, directly or not, plus what it names in `code`. A comment counts: telling code from comment is
    not worth a wrong hit."""
    return _digest(*_named(kinds, kind_id))


def module_digest(name: str) -> str:
    """The same of a module that is no kind, such as a quality metric's."""
    return _digest(name)


def code_files(kinds: Kinds, kind_ids: Iterable[str], modules: Iterable[str] = ()) -> set[Path]:
    """The files `code_digest` reads for these kinds, and `module_digest` for these modules."""
    names = {n for k in kind_ids for n in _named(kinds, k)} | set(modules)
    return {Path(path) for name in names for _, path in _closure(name)}


def imported_by(paths: Iterable[Path]) -> tuple[str, ...]:
    """Modules of edgebuild that a project's own Python files import; what is no Python imports none."""
    found: set[str] = set()
    for path in paths:
        with contextlib.suppress(BrokenCode, OSError):
            found |= {n for n in _imports("", str(path)) if n != "pkgutil" and _does_something(n)}
    return tuple(sorted(found))


def edited(kinds: Kinds, kind_id: str, modules: Iterable[str] = ()) -> Path | None:
    """A file of a kind's code, or of these modules, that is not as it was when its digest was computed: what
    ran since may have been either."""
    for path in sorted(code_files(kinds, [kind_id], modules)):
        now, then = _signature(str(path)), _source(str(path))
        if now == then.signature:
            continue
        # A link more or other rights are no edit; a file written anew may have been another meanwhile.
        if now[:2] != then.signature[:2] or digests.of_file(path).hash != then.hash:
            return path
    return None


def forget() -> None:
    """Look at all files again when asked next."""
    for function in (_closure, file, _source):
        function.cache_clear()


def _named(kinds: Kinds, kind_id: str) -> tuple[str, ...]:
    return (kinds.module(kind_id), *kinds.get(kind_id).code)


def _digest(*names: str) -> str:
    files = sorted({file for name in names for file in _closure(name)})
    return digests.of_json([[name, _source(path).hash] for name, path in files]).hash


@functools.cache
def _closure(name: str) -> frozenset[tuple[str, str]]:
    """(module, path) of a module or package and of what it imports of its own top-level package and of
    edgebuild, with the packages around each, if they do anything. A package counts whole if it is `name`
    itself, or if a module that finds modules by their place (with pkgutil) imports it."""
    seen: dict[str, str] = {}
    todo = [(name, True)]
    whole: set[str] = set()
    while todo:
        current, all_of_it = todo.pop()
        path = file(current)
        if path is None or (current in seen and not (all_of_it and current not in whole)):
            continue
        seen[current] = path
        if all_of_it and path.endswith("__init__.py"):
            whole.add(current)
            folder = Path(path).parent
            todo += [(f"{current}.{p.stem}", False) for p in folder.glob("*.py")]
            todo += [(f"{current}.{p.parent.name}", True) for p in folder.glob("*/__init__.py")]
        imports = tuple(_imports(current, path))
        by_place = "pkgutil" in imports
        todo += [(found, by_place) for found in imports if found != "pkgutil"]
        todo += [(package, False) for package in _around(current)]
    return frozenset(seen.items())


def _around(name: str) -> Iterator[str]:
    """Packages that Python runs before a module, but for those that have nothing to run."""
    package = name.rpartition(".")[0]
    while package and package != _PACKAGE:
        path = file(package)
        if path is not None and _source(path).runs:
            yield package
        package = package.rpartition(".")[0]


@functools.cache
def file(name: str) -> str | None:
    """Where a module's source is; nothing if there is no such module."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None
    return spec.origin if spec and spec.has_location else None


def _imports(name: str, path: str) -> Iterator[str]:
    """What a module's source imports, at any depth of nesting, of its own top-level package and of
    edgebuild; `pkgutil` too, which tells that it finds modules by their place."""
    ours = (name.partition(".")[0], _PACKAGE, "pkgutil")
    for level, wanted in _source(path).imports:
        found = wanted
        if level:
            package = name if path.endswith("__init__.py") else name.rpartition(".")[0]
            for _ in range(level - 1):
                package = package.rpartition(".")[0]
            found = f"{package}.{wanted}".strip(".")
        if found.partition(".")[0] in ours and found != _PACKAGE:
            yield found


@functools.cache
def _source(path: str) -> _Source:
    """BrokenCode if it is to be Python and is not; a compiled module imports nothing that can be seen."""
    signature = _signature(path)
    data = Path(path).read_bytes()
    tree = ast.Module([], [])
    if path.endswith(".py"):
        try:
            tree = ast.parse(data)
        except (SyntaxError, ValueError) as error:
            raise BrokenCode(f"{path} is not valid Python: {error}") from error
    imports: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            imports.append((node.level, base))
            imports += [(node.level, f"{base}.{alias.name}".lstrip(".")) for alias in node.names]
    return _Source(
        signature=signature,
        hash=hashlib.sha256(data).hexdigest(),
        imports=tuple(imports),
        runs=any(not _is_text(node) for node in tree.body),
    )


def _does_something(name: str) -> bool:
    """Whether there is such a module, and it is not just the folder of others."""
    path = file(name)
    return path is not None and (not path.endswith("__init__.py") or _source(path).runs)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _signature(path: str) -> tuple[int, ...]:
    """The change time cannot be set by a program. Just 0 if the file is gone."""
    try:
        s = os.stat(path)
    except OSError:
        return (0,)
    return (s.st_mtime_ns, s.st_size, s.st_ino, s.st_ctime_ns)
