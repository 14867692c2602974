"""Judge a finished variant and put its artifact and report where its users look."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgebuild import __version__
from edgebuild.digest import Digest
from edgebuild.engine.execute import verified
from edgebuild.engine.session import Session
from edgebuild.errors import EdgebuildError
from edgebuild.manifest.model import Project
from edgebuild.plan.graph import Variant, order
from edgebuild.plan.judge import judge
from edgebuild.report import document as reports
from edgebuild.report import render
from edgebuild.step import Finding, Measurement, Output
from edgebuild.store import files

REJECTED = "rejected"


class GateFailed(EdgebuildError):
    """A threshold is not met, or could not be shown to be met."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """Paths of everything that is now in place, and the report."""

    paths: tuple[Path, ...]
    report: Mapping[str, Any]


def publish(
    session: Session, project: Project, variant: Variant, artifacts: Path, today: datetime.date
) -> Published:
    """Write `artifacts/<target>/<model>/<label>/`. GateFailed if it is not accepted: then all goes into the
    subfolder `rejected/` and nothing of that name stays published as good."""
    measurements, details = _measured(session, variant)
    findings = judge(
        variant.limits,
        measurements,
        metrics=session.kinds.metrics(),
        waivers=variant.waivers,
        missing=variant.missing,
        today=today,
    )
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
        files=[
            {"name": n, "sha256": d.hash, "size_bytes": d.size_bytes} for n, d in wanted.items()
        ],
    )
    home = artifacts / variant.folder
    place = home if report["accepted"] else home / REJECTED
    rendered = render.files(report)
    paths = [*_place_blobs(session, place, wanted), *_place_bytes(place, rendered)]
    if report["accepted"]:
        shutil.rmtree(home / REJECTED, ignore_errors=True)
        _remove_others(home, {path.name for path in paths})
        return Published(paths=tuple(paths), report=report)
    _remove_others(home, {REJECTED})
    raise GateFailed(
        f"{variant.name} is rejected",
        position=variant.declared_at,
        fields=_failures(findings),
        hint=f"the artifact and its report are kept in {_shown(place)}",
    )


def _measured(session: Session, variant: Variant) -> tuple[list[Measurement], dict[str, Any]]:
    """Every check's measurements under their full names, and its details."""
    measurements: list[Measurement] = []
    details: dict[str, Any] = {}
    for check, step_id in variant.checks.items():
        digest = session.output(Output(step=step_id, port="measurements"))
        found = json.loads(session.store.read(digest))
        for row in found["measurements"]:
            for name in ("value", "baseline"):
                row[name] = None if row[name] is None else float(row[name])
            m = Measurement(**row)
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
            outputs={
                port: {"sha256": d.hash, "size_bytes": d.size_bytes}
                for port, d in o.result.outputs.items()
            },
            reasons=list(o.reasons),
            tools=session.kinds.get(o.step.kind).tools,
        )
        for o in _outcomes(session, variant)
    ]


def _failures(findings: Sequence[Finding]) -> dict[str, str]:
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


def _place_blobs(session: Session, place: Path, wanted: Mapping[str, Digest]) -> list[Path]:
    place.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, digest in wanted.items():
        path = place / name
        if not verified(path, digest):
            temp = files.temporary(place).with_suffix(".part")
            session.store.materialise(digest, temp)
            with temp.open("rb+") as handle:
                os.fsync(handle.fileno())
            files.rename_durably(temp, path, size=digest.size_bytes)
        paths.append(path)
    return paths


def _place_bytes(place: Path, rendered: Mapping[str, bytes]) -> list[Path]:
    paths = []
    for name, data in rendered.items():
        path = place / name
        if not (path.is_file() and not path.is_symlink() and path.read_bytes() == data):
            files.write_atomic(path, data, scratch=place, mode=0o644)
        paths.append(path)
    return paths


def _remove_others(folder: Path, keep: set[str]) -> None:
    """Plain files that an earlier build published here and this one did not."""
    for path in folder.iterdir():
        if path.name not in keep and not path.is_dir():
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _shown(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
