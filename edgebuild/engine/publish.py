"""Judge a finished variant and put its artifact and report where its users look."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgebuild import __version__
from edgebuild import digest as digests
from edgebuild.digest import Digest
from edgebuild.engine import pages, swap
from edgebuild.engine.pages import REJECTED
from edgebuild.engine.session import Session
from edgebuild.errors import EdgebuildError
from edgebuild.formats.measurements import from_json
from edgebuild.manifest.model import Project
from edgebuild.plan.graph import Variant, order
from edgebuild.plan.judge import accepted, judge
from edgebuild.report import document as reports
from edgebuild.report import render
from edgebuild.step import Finding, Measurement, Output


class GateFailed(EdgebuildError):
    """A threshold is not met, or could not be shown to be met."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """Everything that is now in place, and the report."""

    files: Mapping[Path, Digest]
    report: Mapping[str, Any]


def judged(session: Session, variant: Variant, today: datetime.date) -> tuple[list[Finding], bool]:
    """The verdicts on a variant whose checks are done, and whether it is accepted."""
    measurements, _ = measured(session, variant)
    findings = _judge(session, variant, measurements, today)
    return findings, accepted(findings)


def publish(
    session: Session,
    project: Project,
    variant: Variant,
    artifacts: Path,
    today: datetime.date,
    diagnosis: Sequence[Mapping[str, Any]] = (),
) -> Published:
    """Replace `artifacts/<target>/<model>/<label>/` as a whole; call it within `swap.publishing`. GateFailed
    if it is not accepted: then all goes into the subfolder `rejected/` and nothing of that name stays
    published as good. NotAFolder, BlobLost."""
    measurements, details = measured(session, variant)
    findings = _judge(session, variant, measurements, today)
    wanted = _artifact_files(session, variant)
    report = reports.document(
        variant,
        _about(session, project, variant),
        findings,
        measurements,
        details=details,
        contract=_json(session, variant, "contract") or {},
        placement=_json(session, variant, "placement") or [],
        pipeline=_pipeline(session, variant),
        shown={port: _json(session, variant, port) for port in variant.shown},
        diagnosis=diagnosis,
        waivers=[dataclasses.asdict(w) for w in variant.waivers],
        files=[
            {"name": n, "sha256": d.hash, "size_bytes": d.size_bytes} for n, d in wanted.items()
        ],
    )
    inside = "" if report["accepted"] else f"{REJECTED}/"
    page = artifacts / variant.folder / inside / render.HTML
    rendered = render.files(
        report, pages.siblings(artifacts, variant, page), pages.home(artifacts, page)
    )
    parts = {f"{inside}{name}": part for name, part in _parts(session, wanted, rendered).items()}
    swap.replace(artifacts, variant.folder, parts)
    home = artifacts / variant.folder
    if report["accepted"]:
        return Published(files={home / n: p.digest for n, p in parts.items()}, report=report)
    raise GateFailed(
        f"{variant.name} is rejected",
        position=variant.declared_at,
        fields=failures(findings) | _causes(diagnosis),
        hint=f"the artifact and its report are kept in {swap.shown(home / REJECTED)}",
    )


def _judge(
    session: Session, variant: Variant, measurements: Sequence[Measurement], today: datetime.date
) -> list[Finding]:
    return judge(
        variant.limits,
        measurements,
        metrics=session.kinds.metrics(),
        waivers=variant.waivers,
        missing=variant.missing,
        checks=variant.checks,
        today=today,
    )


def _parts(
    session: Session, wanted: Mapping[str, Digest], rendered: Mapping[str, bytes]
) -> dict[str, swap.Part]:
    """The artifact's files out of the store, and the report's, by name."""

    def blob(digest: Digest) -> swap.Part:
        return swap.Part(digest=digest, write=lambda path: session.store.materialise(digest, path))

    def rendering(data: bytes) -> swap.Part:
        def write(path: Path) -> None:
            path.write_bytes(data)

        return swap.Part(digest=digests.of_bytes(data), write=write)

    blobs = {name: blob(digest) for name, digest in wanted.items()}
    return blobs | {name: rendering(data) for name, data in rendered.items()}


def measured(session: Session, variant: Variant) -> tuple[list[Measurement], dict[str, Any]]:
    """Every check's measurements under their full names, and its details."""
    measurements: list[Measurement] = []
    details: dict[str, Any] = {}
    for check, step_id in variant.checks.items():
        digest = session.output(Output(step=step_id, port="measurements"))
        found = json.loads(session.store.read(digest))
        for row in found["measurements"]:
            m = from_json(row)
            full = m.metric if m.metric.startswith(f"{check}.") else f"{check}.{m.metric}"
            measurements.append(replace(m, metric=full))
        if found["details"]:
            details[check] = found["details"]
    return measurements, details


def _artifact_files(session: Session, variant: Variant) -> dict[str, Digest]:
    produces = session.kinds.get(f"backend/{variant.backend}").produces
    found: dict[str, Digest] = {}
    for port in variant.artifact:
        ref = variant.ports[port]
        assert isinstance(ref, Output)
        found[produces[port]] = session.output(ref)
    return found


def _json(session: Session, variant: Variant, port: str) -> Any:
    ref = variant.ports.get(port)
    if not isinstance(ref, Output):
        return None
    return json.loads(session.store.read(session.output(ref)))


def _about(session: Session, project: Project, variant: Variant) -> reports.About:
    model, target = project.models[variant.model], project.targets[variant.target]
    names = {session.kinds.get(o.step.kind).tools for o in _outcomes(session, variant)}
    return reports.About(
        model={
            "version": model.version,
            "license": model.license,
            "description": model.description,
        },
        target={"description": target.description, "device": dict(target.device)},
        edgebuild=__version__,
        tools={name: dict(session.tools(name).installed) for name in sorted(names)},
    )


def _outcomes(session: Session, variant: Variant) -> list[Any]:
    steps = order(session.graph.steps, variant.goals)
    return [session.outcomes[name] for name in steps]


def _pipeline(session: Session, variant: Variant) -> list[reports.Stage]:
    return [
        reports.Stage(
            step=o.step.id,
            kind=o.step.kind,
            how=o.how,
            seconds=float(o.result.metadata.get("seconds", 0.0)),
            key=o.key.hash,
            params=o.action.params,
            inputs={
                port: {"sha256": i.digest.hash, "name": i.name}
                for port, i in o.action.inputs.items()
            },
            outputs={
                port: {"sha256": d.hash, "size_bytes": d.size_bytes}
                for port, d in o.result.outputs.items()
            },
            reasons=list(o.reasons),
            tools=session.kinds.get(o.step.kind).tools,
        )
        for o in _outcomes(session, variant)
    ]


def _causes(diagnosis: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What may be the matter, the likeliest first."""
    if not diagnosis:
        return {}
    return {"likely cause": "; ".join(f"{d['cause']} ({d['evidence']})" for d in diagnosis)}


def failures(findings: Sequence[Finding]) -> dict[str, str]:
    """`metric [output]` -> value, limit, reason; one line a gate that does not hold."""
    lines: dict[str, str] = {}
    for f in findings:
        if f.verdict in ("passed", "waived"):
            continue
        name = f"{f.metric} [{f.output}]" if f.output else f.metric
        value = "not measured" if f.value is None else f"{f.value:.6g} {f.unit}".strip()
        by = f" by {f.evidence}" if f.evidence else ""
        detail = f" ({f.detail})" if f.detail else ""
        lines[name] = f"{f.verdict}: {value}{by}, wanted {f.limit}{detail}"
    return lines
