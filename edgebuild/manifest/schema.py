"""The published JSON Schema of manifests: what `edgebuild schema` prints and loading checks by.

Beyond JSON Schema, two annotations serve messages: `x-noun` says what an object's keys or a
list of names are names of (so an unknown one is an "unknown pass", not an "unknown field"),
`patternErrorMessage` (which editors know
too) what a text must look like.
"""

from __future__ import annotations

from edgebuild.formats.isa import ISAS
from edgebuild.formats.versions import FIRMWARE
from edgebuild.kinds import Kinds
from edgebuild.manifest.budget import METRICS, budget_schema
from edgebuild.manifest.values import (
    LABEL,
    NAME,
    SEMVER,
    SIZE,
    TENSOR_NAME,
    TEXT,
    VERSIONS,
    Schema,
    fields,
    limit,
    mapping,
    named,
    tensor,
    waiver,
)
from edgebuild.params import FILE_SCHEMA, params_schema, required_params
from edgebuild.step import Metric, NoParams, Role


def schema(kinds: Kinds) -> Schema:
    """The schema of every manifest; `$defs` has `model` and `target`, told apart by `kind`."""
    metrics = kinds.metrics()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "edgebuild manifest",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": ["model", "target"]}},
        "oneOf": [{"$ref": "#/$defs/model"}, {"$ref": "#/$defs/target"}],
        "$defs": {
            "model": _model(kinds),
            "target": _target(kinds),
            "tensor": tensor(),
            "pass": _pass(kinds),
            "compile": _compile(kinds),
            "accept": named(
                {
                    name: {**_limit(m), "description": _metric_text(m)}
                    for name, m in sorted(metrics.items())
                },
                noun="metric",
            ),
            "limit": limit({"type": "number"}),
            "size_limit": limit(SIZE),
            "waiver": waiver(metrics),
        },
    }


def _model(kinds: Kinds) -> Schema:
    model: Schema = {
        "kind": {"const": "model"},
        "name": {**NAME, "description": "Name of the model and of its folder"},
        "version": SEMVER,
        "license": {**TEXT, "description": "Licence of the network, an SPDX expression"},
        "description": TEXT,
        "source": {**_kinds(kinds, "source"), "minProperties": 1, "maxProperties": 1},
        "inputs": _tensors("What the network is fed"),
        "outputs": _tensors("What the network answers"),
        "recipe": _recipe("Passes in order, shared by all targets"),
        "targets": {
            **mapping(_model_target(kinds)),
            "minProperties": 1,
            "description": "What it is built for",
        },
    }
    data: Schema = {
        "decode": {
            **fields(
                {
                    "file": {**FILE_SCHEMA, "description": "Python file that has the function"},
                    "function": {**TEXT, "description": "name of the function"},
                },
                required=("file", "function"),
            ),
            "description": "Outputs to what quality metrics compare: boxes, classes, ...",
        }
    }
    if "python" in kinds.names("data"):
        made = params_schema(kinds.get("data/python").params)
        data = {
            "calibration": {**made, "description": "Samples that quantisation learns ranges from"},
            "evaluation": {**made, "description": "Samples that checks measure by"},
            **data,
        }
    model["data"] = fields(data)
    if "torch" in kinds.names("training"):
        made = params_schema(kinds.get("training/torch").params)
        model["training"] = {**made, "description": "How its weights are reproduced"}
    required = ("kind", "name", "version", "license", "source", "inputs", "outputs", "targets")
    return fields(model, required=required)


def _model_target(kinds: Kinds) -> Schema:
    accept = {"$ref": "#/$defs/accept", "description": "Limits that must hold"}
    addition = fields(
        {
            "recipe": _recipe("More passes"),
            "compile": {"$ref": "#/$defs/compile"},
            "accept": accept,
        }
    )
    scalars = {"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1}
    axis = {"anyOf": [scalars, {**mapping(addition), "minProperties": 1}]}
    return fields(
        {
            "backends": {
                **_backends(kinds),
                "description": "What makes its artifacts, in place of the target's own backends: "
                "`given_...` for an artifact that somebody else built",
            },
            "recipe": _recipe("Passes for this target, after the model's own"),
            "compile": {"$ref": "#/$defs/compile"},
            "accept": accept,
            "waivers": {"type": "array", "items": {"$ref": "#/$defs/waiver"}},
            "matrix": {
                **mapping(axis),
                "description": "Variants: values of a compile parameter, or additions by label",
            },
            "refused": {
                **TEXT,
                "description": "Why the target's compiler refuses this model: shown, not built",
            },
        }
    )


def _target(kinds: Kinds) -> Schema:
    several = _backends(kinds)
    positive = {"type": "number", "exclusiveMinimum": 0}
    one = [{"required": ["backend"]}, {"required": ["backends"]}]
    return {
        **fields(
            {
                "kind": {"const": "target"},
                "name": {**NAME, "description": "Name of the target and of its file"},
                "description": TEXT,
                "device": {
                    "type": "object",
                    "properties": {"vendor": TEXT, "soc": TEXT},
                    "required": ["vendor", "soc"],
                    "propertyNames": LABEL,
                    "additionalProperties": {"type": ["string", "number", "boolean"]},
                    "description": "The chip, and whatever backends and readers need to know of it",
                },
                "backend": {**several["items"], "description": "What compiles for it"},
                "backends": {
                    **several,
                    "description": "What compiles for it, if that is more than one",
                },
                "firmware": {
                    **named(
                        {
                            name: {**VERSIONS, "description": entry.doc}
                            for name, entry in FIRMWARE.items()
                        },
                        noun="firmware",
                    ),
                    "description": "Versions of artifact formats that the device runs",
                },
                "budget": budget_schema(),
                "waivers": {
                    "type": "array",
                    "items": waiver(METRICS),
                    "description": "Lines of the budget that may fail for a while",
                },
                "roofline": {
                    **fields(
                        {
                            "peak_gops": {
                                **mapping(positive),
                                "description": "Peak rate by data type, 1e9 operations a second; "
                                "`fp16_shave`: of one SHAVE core",
                            },
                            "bandwidth_gb_s": {**positive, "description": "Memory bandwidth"},
                            "source": {**TEXT, "description": "Where the figures come from"},
                        },
                        required=("source",),
                    ),
                },
                "isa": {
                    "enum": list(ISAS),
                    "description": "Weakest CPU that host artifacts run on, by oneDNN's name",
                },
            },
            required=("kind", "name", "description", "device"),
        ),
        "oneOf": one,
    }


def _backends(kinds: Kinds) -> Schema:
    backend = {"enum": list(kinds.names("backend")), "x-noun": "backend"}
    return {"type": "array", "items": backend, "minItems": 1, "uniqueItems": True}


def _tensors(description: str) -> Schema:
    return {
        **mapping({"$ref": "#/$defs/tensor"}, names=TENSOR_NAME),
        "minProperties": 1,
        "description": description,
    }


def _recipe(description: str) -> Schema:
    return {"type": "array", "items": {"$ref": "#/$defs/pass"}, "description": description}


def _pass(kinds: Kinds) -> Schema:
    names = kinds.names("pass")
    bare = [n for n in names if not required_params(kinds.get(f"pass/{n}").params)]
    return {
        "anyOf": [
            {"type": "string", "enum": bare, "x-noun": "pass"},
            {**_kinds(kinds, "pass"), "minProperties": 1, "maxProperties": 1},
        ]
    }


def _kinds(kinds: Kinds, role: Role) -> Schema:
    """An object keyed by names of kinds, with their parameters."""
    properties = {}
    for name in kinds.names(role):
        first = kinds.manual(f"{role}/{name}").partition("\n")[0]
        properties[name] = {
            **params_schema(kinds.get(f"{role}/{name}").params),
            "description": first,
        }
    return named(properties, noun=role)


def _compile(kinds: Kinds) -> Schema:
    """Every parameter of every backend; which of them a target's backends know is checked later."""
    found: dict[str, list[Schema]] = {}
    for name in kinds.names("backend"):
        params = params_schema(kinds.get(f"backend/{name}").params)
        for field, one in params["properties"].items():
            if one not in found.setdefault(field, []):
                found[field].append(one)
    # Where backends differ, each one's own schema is checked when the target is known.
    properties = {
        field: several[0] if len(several) == 1 else {"description": several[0]["description"]}
        for field, several in sorted(found.items())
    }
    return {
        **named(properties, noun="compile parameter"),
        "description": "Parameters of the target's backends",
    }


def _limit(metric: Metric) -> Schema:
    if metric.params is not NoParams:
        return limit({"type": "number"}, params_schema(metric.params))
    return {"$ref": "#/$defs/size_limit" if metric.unit == "bytes" else "#/$defs/limit"}


def _metric_text(metric: Metric) -> str:
    unit = f" [{metric.unit}]" if metric.unit else ""
    return f"{metric.doc}{unit}; {metric.better} is better"
