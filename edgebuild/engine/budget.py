"""Judge a target's budget when all its variants are measured, and put it beside their artifacts."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Mapping
from pathlib import Path

from edgebuild import digest as digests
from edgebuild.digest import Digest
from edgebuild.engine import swap
from edgebuild.engine.publish import GateFailed, failures, measured
from edgebuild.engine.session import Session
from edgebuild.manifest.model import Target
from edgebuild.plan.budget import judge_budget
from edgebuild.plan.graph import Variant
from edgebuild.report import budget as reports
from edgebuild.store import files
from edgebuild.store.store import BlobLost


def publish(
    session: Session, target: Target, artifacts: Path, today: datetime.date
) -> Mapping[Path, Digest]:
    """Write `artifacts/<target>/budget.*` and give the files; call it within `swap.publishing`. GateFailed if
    a line does not hold or could not be shown to: the files say so then."""
    variants = session.graph.variants
    rows = {variant.name: measured(session, variant)[0] for variant in variants}
    lines = judge_budget(target.budget, variants, rows, today)
    document = reports.document(target, lines)
    home = artifacts / target.name
    swap.check_way(artifacts, home)
    home.mkdir(parents=True, exist_ok=True)
    scratch = artifacts / swap.SCRATCH
    scratch.mkdir(exist_ok=True)
    written = {}
    for name, data in reports.files(document).items():
        files.write_atomic(home / name, data, scratch=scratch, mode=0o644)
        written[home / name] = digests.of_bytes(data)
    if not document["accepted"]:
        raise GateFailed(
            f"the budget of target `{target.name}` does not hold",
            position=target.budget.position,
            fields=failures([line.finding for line in lines]),
            hint=f"what each model needs is in {swap.shown(home / reports.HTML)}",
        )
    return written


def forget_outdated(
    session: Session, target: Target, artifacts: Path, today: datetime.date
) -> None:
    """Remove a published budget that was not judged by this build and does not say what it measured: it was
    a build of one model, a model failed, or the manifest has other limits now. Call it within
    `swap.publishing`."""
    home = artifacts / target.name
    if home.is_symlink() or not home.is_dir():
        return  # there is none, or it is not ours
    document = reports.read(home / reports.JSON)
    if document is not None:
        done = [v for v in session.graph.variants if _is_measured(session, v)]
        with contextlib.suppress(BlobLost):
            rows = {variant.name: measured(session, variant)[0] for variant in done}
            if reports.says(document, judge_budget(target.budget, done, rows, today)):
                return
    for name in reports.FILES:
        (home / name).unlink(missing_ok=True)


def _is_measured(session: Session, variant: Variant) -> bool:
    return all(step in session.outcomes for step in variant.checks.values())
