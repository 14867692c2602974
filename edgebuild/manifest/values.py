"""The JSON Schemas of what manifests are made of: names, versions, sizes, limits, tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from edgebuild.step import MOST_CONFIDENCE, Color, DType, Evidence, Layout

Schema = dict[str, Any]

NAME: Schema = {
    "type": "string",
    "pattern": "^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$",
    "patternErrorMessage": "a name of lower-case letters, digits, `-`, `_` and `.`",
}
# Names inside a network and labels of variants may have capitals.
LABEL: Schema = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_])?$",
    "patternErrorMessage": "a name of letters, digits, `-`, `_` and `.`",
}
TEXT: Schema = {"type": "string", "minLength": 1}
TENSOR_NAME: Schema = {
    "type": "string",
    "pattern": "^[^\\s`]{1,200}$",
    "patternErrorMessage": "a name of 1 to 200 characters without spaces and back quotes",
}
SEMVER: Schema = {
    "type": "string",
    "pattern": (
        "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)"
        "(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?(\\+[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?$"
    ),
    "patternErrorMessage": "a semantic version such as 1.2.0",
    "description": "Version of inputs and outputs, semver: breaking them needs a new major one",
}
DATE: Schema = {
    "type": "string",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "patternErrorMessage": "a date such as 2026-12-31",
    "description": "Last day the waiver holds",
}
VERSIONS: Schema = {
    "type": "string",
    "pattern": "^(>=|<=|==|!=|~=|>|<)[0-9][0-9A-Za-z.]*(,(>=|<=|==|!=|~=|>|<)[0-9][0-9A-Za-z.]*)*$",
    "patternErrorMessage": 'a range of versions such as ">=2.40,<=2.51"',
}
SIZE: Schema = {
    "anyOf": [
        {"type": "number"},
        {
            "type": "string",
            "pattern": "^[0-9]{1,15}(\\.[0-9]{1,9})? ?([kMG]B|[KMG]iB|B)$",
            "patternErrorMessage": "a size such as 2 MB (B, kB, MB, GB or KiB, MiB, GiB)",
        },
    ]
}


def tensor() -> Schema:
    """One input or output."""
    dimension = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
    numbers = {"type": "array", "items": {"type": "number"}, "minItems": 1}
    return fields(
        {
            "shape": {
                "type": "array",
                "items": dimension,
                "maxItems": 8,
                "description": "Whole shape, batch included, always static",
            },
            "dtype": {"enum": list(get_args(DType)), "default": "float32"},
            "layout": {"enum": list(get_args(Layout)), "default": "other"},
            "color": {
                "enum": list(get_args(Color)),
                "default": "none",
                "description": "Order of the channels the network expects",
            },
            "mean": {**numbers, "description": "Subtracted from raw values: one, or one a channel"},
            "scale": {**numbers, "description": "Divides them afterwards: one, or one a channel"},
            "unit": {**TEXT, "description": "Unit of the values"},
        },
        required=("shape",),
    )


def limit(number: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> Schema:
    """One line of `accept:`; `params` is the schema of what its metric can be given beside."""
    params = params or {}
    return {
        **fields(
            {
                **params.get("properties", {}),
                "min": {**number, "description": "Smallest value that passes"},
                "max": {**number, "description": "Largest value that passes"},
                "max_drop": {
                    "type": "number",
                    "minimum": 0,
                    "description": "By how much it may be worse than the source's",
                },
                "confidence": {
                    "type": "number",
                    "minimum": 0.5,
                    "maximum": MOST_CONFIDENCE,
                    "description": "Of quality: how sure it has to be that the limits hold, 0.95 say; the "
                    "whole interval of so much confidence has to keep to them",
                },
                "evidence": {
                    "type": "array",
                    "items": {"enum": list(get_args(Evidence))},
                    "minItems": 1,
                    "uniqueItems": True,
                    "description": "Kinds of evidence that count",
                },
            },
            params.get("required", ()),
        ),
        "anyOf": [{"required": [name]} for name in ("min", "max", "max_drop")],
    }


def waiver(metrics: Iterable[str]) -> Schema:
    """One line of `waivers:`."""
    return fields(
        {
            "metric": {"enum": sorted(metrics), "x-noun": "metric"},
            "reason": {**TEXT, "description": "Why it may fail"},
            "owner": {**TEXT, "description": "Who answers for it"},
            "expires": DATE,
        },
        required=("metric", "reason", "owner", "expires"),
    )


def fields(properties: Mapping[str, Any], required: Iterable[str] = ()) -> Schema:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def named(properties: Mapping[str, Any], *, noun: str) -> Schema:
    """An object whose fields are names of something, which `noun` says."""
    return {**fields(properties), "x-noun": noun}


def mapping(items: Mapping[str, Any], *, names: Mapping[str, Any] = LABEL) -> Schema:
    """An object from names to `items`."""
    return {"type": "object", "propertyNames": dict(names), "additionalProperties": dict(items)}
