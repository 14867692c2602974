"""The parameters of a kind of step: their JSON Schema, their parsing, the files among them."""

from __future__ import annotations

import dataclasses
import functools
import keyword
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from edgebuild.step import Fetched, ProjectFile

# How a manifest names a file; `edgebuild.manifest.files` says what becomes of it.
FILE_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {
            "type": "string",
            "minLength": 1,
            "description": "Path relative to the folder of this manifest",
        },
        {
            "type": "object",
            "properties": {
                "url": {
                    "type": "string",
                    "pattern": "^https?://[^/]",
                    "patternErrorMessage": "an http or https URL",
                    "description": "Public URL the file can be had from",
                },
                "sha256": {
                    "type": "string",
                    "pattern": "^[0-9a-f]{64}$",
                    "patternErrorMessage": "64 lower-case hex digits",
                    "description": "Digest of its content, 64 lower-case hex digits: `sha256sum FILE`",
                },
                "size_bytes": {
                    "type": "integer",
                    "minimum": 1,
                    "description": "Its size in bytes: `stat -c %s FILE`",
                },
                "license": {"type": "string", "description": "Its licence, an SPDX expression"},
            },
            "required": ["url", "sha256", "size_bytes"],
            "additionalProperties": False,
        },
    ]
}

# A file's name in a mapping of files becomes part of a port's name.
_PORT = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_])?$",
    "patternErrorMessage": "a name of letters, digits, `-`, `_` and `.`",
}
_SCALARS = {bool: "boolean", int: "integer", float: "number", str: "string"}


def params_schema(cls: type) -> dict[str, Any]:
    """JSON Schema (2020-12) of a kind's parameters; TypeError at a type that manifests lack."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    hints = _hints(cls)
    for item in dataclasses.fields(cls):
        name = yaml_name(item.name)
        properties[name] = _described(_schema(hints[item.name]), item)
        if _is_required(item):
            required.append(name)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def parse_params(cls: type, value: Mapping[str, Any]) -> Any:
    """The parameters of validated JSON: lists become tuples, whole numbers floats where due.

    Names may be the fields' own or the manifest's. File objects stay as they are; a file that is
    absent, because the plan has made it an input of the step, is None, () or {}.
    """
    given: dict[str, Any] = {}
    hints = _hints(cls)
    names: dict[str, str] = {}
    for item in dataclasses.fields(cls):
        names |= {yaml_name(item.name): item.name, item.name: item.name}
        if _is_required(item) and _is_file(_leaf(hints[item.name])):
            given[item.name] = _EMPTY.get(get_origin(_present(hints[item.name])), lambda: None)()
    for name, plain in value.items():
        if name not in names:
            raise TypeError(f"{cls.__module__}.{cls.__qualname__} has no parameter `{name}`")
        given[names[name]] = _parsed(hints[names[name]], plain)
    return cls(**given)


def place_files(
    cls: type, value: Mapping[str, Any], place: Callable[[Any, tuple[str | int, ...]], Any]
) -> dict[str, Any]:
    """Validated JSON by field names, with `place(file, path below value)` for every file in it."""
    placed: dict[str, Any] = {}
    fields = _fields(cls)
    for name, plain in value.items():
        field, holds = fields[name]
        if plain is None or not holds:
            placed[field] = plain
        elif holds == "files":
            placed[field] = [place(file, (name, i)) for i, file in enumerate(plain)]
        elif holds == "named files":
            placed[field] = {key: place(file, (name, key)) for key, file in plain.items()}
        else:
            placed[field] = place(plain, (name,))
    return placed


def required_params(cls: type) -> tuple[str, ...]:
    """Names, as in a manifest, of the parameters that have no default."""
    return tuple(yaml_name(item.name) for item in dataclasses.fields(cls) if _is_required(item))


@functools.cache
def file_params(cls: type) -> frozenset[str]:
    """Names of the fields that hold files, one or several."""
    hints = _hints(cls)
    return frozenset(i.name for i in dataclasses.fields(cls) if _is_file(_leaf(hints[i.name])))


def yaml_name(name: str) -> str:
    """A field's name in a manifest: `class_` is written `class`."""
    short = name.removesuffix("_")
    return short if keyword.iskeyword(short) else name


_MAPPINGS = (dict, Mapping)
_EMPTY: Mapping[Any, Callable[[], Any]] = {tuple: tuple, dict: dict, Mapping: dict}


@functools.cache
def _hints(cls: type) -> Mapping[str, Any]:
    return typing.get_type_hints(cls)


@functools.cache
def _fields(cls: type) -> Mapping[str, tuple[str, str]]:
    """A parameter's name in manifests -> its field's name, and whether it holds files."""
    found = {}
    for name, hint in ((item.name, _hints(cls)[item.name]) for item in dataclasses.fields(cls)):
        origin = get_origin(_present(hint))
        holds = "files" if origin is tuple else "named files" if origin in _MAPPINGS else "file"
        found[yaml_name(name)] = name, holds if _is_file(_leaf(hint)) else ""
    return found


def _is_required(item: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return item.default is missing and item.default_factory is missing


def _described(schema: dict[str, Any], item: dataclasses.Field[Any]) -> dict[str, Any]:
    """With the field's documentation, bounds (of its items, if it has several) and default."""
    bounded = schema
    while "items" in bounded or "additionalProperties" in bounded:
        bounded = bounded.get("items") or bounded["additionalProperties"]
    for bound in ("minimum", "maximum"):
        if item.metadata.get(bound) is not None:
            bounded[bound] = item.metadata[bound]
    if item.metadata.get("doc"):
        schema["description"] = item.metadata["doc"]
    if item.default is not dataclasses.MISSING and item.default is not None:
        schema["default"] = list(item.default) if isinstance(item.default, tuple) else item.default
    return schema


def _schema(hint: Any) -> dict[str, Any]:
    present = _present(hint)
    schema = _present_schema(present)
    if present == hint:
        return schema
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    return {"anyOf": [*schema["anyOf"], {"type": "null"}]}


def _present_schema(hint: Any) -> dict[str, Any]:
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if _is_file(hint):
        return dict(FILE_SCHEMA)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin in _MAPPINGS and arguments[0] is str:
        schema = {"type": "object", "additionalProperties": _schema(arguments[1])}
        return {**schema, "propertyNames": _PORT} if _is_file(arguments[1]) else schema
    raise TypeError(
        f"a parameter cannot be {hint}: bool, int, float, str, Literal, File, tuple[X, ...], "
        "dict[str, X] and X | None can"
    )


def _parsed(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    hint = _present(hint)
    if hint is float and isinstance(value, int):
        return float(value)
    arguments = get_args(hint)
    if get_origin(hint) is tuple:
        return tuple(_parsed(arguments[0], item) for item in value)
    if get_origin(hint) in _MAPPINGS:
        return {key: _parsed(arguments[1], item) for key, item in value.items()}
    return value


def _present(hint: Any) -> Any:
    """`X` of `X | None`; `File`, a union itself, stays one."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    members = tuple(m for m in get_args(hint) if m is not type(None))
    if len(members) == len(get_args(hint)):
        return hint
    return members[0] if len(members) == 1 else functools.reduce(lambda a, b: a | b, members)


def _leaf(hint: Any) -> Any:
    """What a field holds one or several of: `X` of X, X | None, tuple[X, ...], dict[str, X]."""
    hint = _present(hint)
    if get_origin(hint) is tuple:
        return _present(get_args(hint)[0])
    if get_origin(hint) in _MAPPINGS:
        return _present(get_args(hint)[1])
    return hint


def _is_file(hint: Any) -> bool:
    return set(get_args(hint)) == {ProjectFile, Fetched}
