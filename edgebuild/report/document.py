"""The report of one variant as plain data; every rendering is made from it and from nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgebuild.plan.graph import Variant
from edgebuild.plan.judge import accepted
from edgebuild.report.figures import plain
from edgebuild.step import Finding, Measurement

SCHEMA = "edgebuild-report/1"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step of the pipeline that made the artifact. `how` is `built` or `restored`; `seconds` are those
    of the run that made the result, whenever that was. `params` are those of the manifest with all defaults;
    `inputs` are what the step read, by port: the digest, and the name it had."""

    step: str
    kind: str
    how: str
    seconds: float
    key: str
    params: Mapping[str, Any]
    inputs: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]
    reasons: Sequence[str]
    tools: str


@dataclass(frozen=True, kw_only=True)
class About:
    """What the manifests say of the model and the target."""

    model: Mapping[str, Any]
    target: Mapping[str, Any]
    edgebuild: str
    tools: Mapping[str, Mapping[str, str]]


def document(
    variant: Variant,
    about: About,
    findings: Sequence[Finding],
    measurements: Sequence[Measurement],
    *,
    details: Mapping[str, Any],
    contract: Mapping[str, Any],
    placement: Sequence[Mapping[str, Any]],
    pipeline: Sequence[Stage],
    files: Sequence[Mapping[str, Any]],
    shown: Mapping[str, Any],
    diagnosis: Sequence[Mapping[str, Any]],
    waivers: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What `edgebuild.report.schema` says, as JSON holds it. Keys, all always present:

    schema, name, model, target, label, backend, accepted, about {model {version, license, description},
    target {description, device}, edgebuild, tools {name: {package: version}}}, findings, measurements
    (metric, value, unit..., evidence), details {check: ...}, missing {check: why it could not be
    planned}, contract (as the artifact says), placement
    (stages), pipeline (steps in order), files {name, sha256, size_bytes}, waivers (metric, reason, owner,
    expires), shown {port: ...} (what probes made for the report), diagnosis (cause, evidence; of a
    rejected one, the likeliest first).
    """
    made = {
        "schema": SCHEMA,
        "name": variant.name,
        "model": variant.model,
        "target": variant.target,
        "label": variant.label,
        "backend": variant.backend,
        "accepted": accepted(findings),
        "about": dataclasses.asdict(about),
        "findings": [dataclasses.asdict(f) for f in findings],
        "measurements": [dataclasses.asdict(m) for m in measurements],
        "details": dict(details),
        "missing": dict(variant.missing),
        "contract": dict(contract),
        "placement": list(placement),
        "pipeline": [dataclasses.asdict(s) for s in pipeline],
        "files": list(files),
        "waivers": [dict(w) for w in waivers],
        "shown": dict(shown),
        "diagnosis": [dict(d) for d in diagnosis],
    }
    return {key: plain(value) for key, value in made.items()}
