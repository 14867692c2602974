"""The JSON Schema of report.json: what a reader may rely on.

Within a version, fields are only added: a reader must let unknown ones pass, and the schema does. A field
that changes its meaning or goes makes a new version, named in `schema`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from edgebuild.report.document import SCHEMA
from edgebuild.step import Evidence, Verdict

_STRING: dict[str, Any] = {"type": "string"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_NUMBER: dict[str, Any] = {"type": "number"}
_DIGEST: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
# JSON has no infinities.
_FIGURE: dict[str, Any] = {
    "description": "a number, `inf` or `-inf`, or null: not measured",
    "anyOf": [{"type": ["number", "null"]}, {"enum": ["inf", "-inf"]}],
}
_INTERVAL: dict[str, Any] = {
    "description": "where the value lies with 95 % confidence",
    "anyOf": [
        {"type": "null"},
        {"type": "array", "items": _FIGURE, "minItems": 2, "maxItems": 2},
    ],
}
_EVIDENCE: dict[str, Any] = {"enum": list(get_args(Evidence))}


def schema() -> dict[str, Any]:
    """Draft 2020-12."""
    tensor = _object(
        {"name": _STRING, "shape": _list(_COUNT), "dtype": _STRING, "layout": _STRING,
         "color": _STRING, "mean": _list(_NUMBER), "scale": _list(_NUMBER), "unit": _STRING},
        required=("name", "shape", "dtype"),
    )  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What a build of edgebuild found of one variant",
        **_object(
            {
                "schema": {"const": SCHEMA},
                "name": _said("model/target/label"),
                "model": _STRING,
                "target": _STRING,
                "label": _said("tells the variants of a model and target apart; may be empty"),
                "backend": _STRING,
                "accepted": {"type": "boolean", "description": "whether every gate holds"},
                "about": _about(),
                "findings": _list(_finding()),
                "measurements": _list(_measurement()),
                "details": _details(),
                "missing": _map(_said("why a check could not be made")),
                "contract": {
                    "type": "object",
                    "properties": {"inputs": _list(tensor), "outputs": _list(tensor)},
                },
                "placement": _list(
                    _object(
                        {"name": _STRING, "op": _STRING, "engine": _STRING, "layer": _STRING,
                         "fallback": {"type": "boolean"}, "reason": _STRING}
                    )
                ),
                "pipeline": _list(_stage()),
                "files": _list(
                    _object({"name": _STRING, "sha256": _DIGEST, "size_bytes": _COUNT})
                ),
                "waivers": _list(
                    _object(
                        {"metric": _STRING, "reason": _STRING, "owner": _STRING,
                         "expires": _said("last day it holds, ISO 8601")}
                    )
                ),
                "shown": {"type": "object", "description": "what probes made for the report"},
                "diagnosis": _list(_object({"cause": _STRING, "evidence": _STRING})),
            }
        ),
    }  # fmt: skip


def _about() -> dict[str, Any]:
    return _object(
        {
            "model": _object({"version": _STRING, "license": _STRING, "description": _STRING}),
            "target": _object({"description": _STRING, "device": {"type": "object"}}),
            "edgebuild": _STRING,
            "tools": _map(_map(_STRING)),
        }
    )


def _finding() -> dict[str, Any]:
    made = _object(
        {
            "metric": _STRING,
            "output": _said("the model's output it belongs to; empty if none"),
            "value": _FIGURE,
            "unit": _STRING,
            "limit": _said("for reading: `>= 40, by emulated`"),
            "bound": _FIGURE,
            "side": {"enum": ["", "min", "max"], "description": "which of the two the bound is"},
            "baseline": _FIGURE,
            "interval": _INTERVAL,
            "verdict": {"enum": list(get_args(Verdict))},
            "evidence": {"enum": [*get_args(Evidence), None]},
            "detail": _STRING,
        }
    )
    # Reports of before there was a `side` are sound, too.
    return {**made, "required": [name for name in made["required"] if name != "side"]}


def _measurement() -> dict[str, Any]:
    return _object(
        {
            "metric": _said("`check.figure`"),
            "output": _STRING,
            "value": _FIGURE,
            "baseline": _FIGURE,
            "interval": _INTERVAL,
            "evidence": _EVIDENCE,
            "detail": _STRING,
        }
    )


def _stage() -> dict[str, Any]:
    return _object(
        {
            "step": _STRING,
            "kind": _said("`<role>/<name>`"),
            "how": {"enum": ["built", "restored"]},
            "seconds": {"type": "number", "minimum": 0},
            "key": _DIGEST,
            "params": {"type": "object", "description": "those of the manifest, with all defaults"},
            "inputs": _map(_object({"sha256": _DIGEST, "name": _STRING})),
            "outputs": _map(_object({"sha256": _DIGEST, "size_bytes": _COUNT})),
            "reasons": _list(_STRING),
            "tools": _STRING,
        },
        # Reports of before did not say what a step was told and what it read.
        required=("step", "kind", "how", "seconds", "key", "outputs", "reasons", "tools"),
    )


def _details() -> dict[str, Any]:
    """By check; of those that reports draw, what is in them."""
    layer = _object(
        {"name": _STRING, "depth": _COUNT, "sqnr_db": _FIGURE, "max_abs": _FIGURE},
        required=("name", "sqnr_db"),
    )  # fmt: skip
    cost = _object(
        {"name": _STRING, "op": _STRING, "macs": _FIGURE, "traffic_bytes": _FIGURE,
         "intensity": _FIGURE, "ms": _FIGURE, "bound": _STRING, "engine": _STRING},
        required=("name",),
    )  # fmt: skip
    return {
        "type": "object",
        "additionalProperties": {"type": "object"},
        "properties": {
            "parity": _open({
                "outputs": _map(_open({"sqnr_db_by_sample": _list(_FIGURE)})),
                "layers": {"anyOf": [{"type": "null"}, _open({
                    "evidence": _EVIDENCE, "samples": _COUNT, "rows": _list(layer),
                    "unmatched": _list(_STRING),
                })]},
            }),
            "cost": _open({
                "layers": _list(cost),
                "totals": {"type": "object"},
                "roofline": _open({"peak_gops": _FIGURE, "bandwidth_gb_s": _FIGURE}),
            }),
            "latency": _open({"by": _STRING, "evidence": _EVIDENCE, "ms": _list(_FIGURE)}),
            "quality": _open({"samples": _COUNT, "metrics": _map({"type": "object"})}),
            "numeric": _open({"samples": _COUNT, "tensors": _list(_open({"name": _STRING}))}),
            "placement": _open({"engines": _map(_COUNT)}),
        },
    }  # fmt: skip


def _object(properties: dict[str, Any], required: Sequence[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties) if required is None else list(required),
    }


def _open(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _map(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def _said(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}
