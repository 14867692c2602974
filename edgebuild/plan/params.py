"""A kind's parameters taken apart: plain values that enter the key, files that become inputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from edgebuild.params import file_params
from edgebuild.step import Fetched, File, ProjectFile


def split_files(
    params: type, values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, File], tuple[str, ...]]:
    """(plain JSON with defaults filled in, files by port, names of all parameters).

    A file's port is the field's name, `name.0` in a tuple, `name.key` in a mapping. Its path never
    enters a key; its content and file name do, as an input.
    """
    plain: dict[str, Any] = {}
    files: dict[str, File] = {}
    fields = dataclasses.fields(params)
    held = file_params(params)
    for field in fields:
        if field.name in values:
            value = values[field.name]
        elif field.default is not dataclasses.MISSING:
            value = field.default
        elif field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        else:
            continue
        if field.name in held:
            files |= _ports(field.name, value)
        else:
            plain[field.name] = value
    return plain, files, tuple(field.name for field in fields)


def _ports(name: str, value: Any) -> dict[str, File]:
    if value is None:
        return {}
    if isinstance(value, (ProjectFile, Fetched)):
        return {name: value}
    if isinstance(value, Mapping):
        return {f"{name}.{key}": item for key, item in value.items()}
    return {f"{name}.{i}": item for i, item in enumerate(value)}
