"""Pages made of several reports: each report's picture of the variants beside it, and the index of all.

Variants are published one after another. So each page is written with what is known then, and once
more at the end of the build; from a report's document and those beside it the same page is always made.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from edgebuild import digest as digests
from edgebuild.digest import Digest
from edgebuild.engine import swap
from edgebuild.manifest.model import Project
from edgebuild.plan.graph import Variant
from edgebuild.report import budget, index, render
from edgebuild.report.read import REPORT, published, read_report
from edgebuild.store import files

INDEX = "index.html"
REJECTED = "rejected"

Report: TypeAlias = Mapping[str, Any]


def siblings(artifacts: Path, variant: Variant, page: Path) -> dict[str, Report]:
    """The other variants of the model on its target that lie there: way from `page` -> document."""
    home = artifacts / variant.target / variant.model
    return {
        _way(page, path.with_name(render.HTML)): report
        for path, report in published(home)
        if report["name"] != variant.name and report["model"] == variant.model
    }


def home(artifacts: Path, page: Path) -> str:
    """The way from a page to the index."""
    return _way(page, artifacts / INDEX)


def reports(artifacts: Path, variants: Iterable[Variant]) -> Iterator[tuple[Variant, Path, Report]]:
    """What was published of variants, accepted or rejected: the page, and the document beside it."""
    for variant in variants:
        for inside in ("", REJECTED):
            page = artifacts / variant.folder / inside / render.HTML
            report = read_report(page.with_name(REPORT))
            if report is not None and report["name"] == variant.name:
                yield variant, page, report


def refresh(artifacts: Path, variants: Iterable[Variant]) -> dict[Path, Digest]:
    """Write the pages of variants again where others have appeared or gone since; those written. Call it
    within `swap.publishing`, with variants that this build published or rejected."""
    written = {}
    for variant, page, report in reports(artifacts, variants):
        data = render.page(report, siblings(artifacts, variant, page), home(artifacts, page))
        if _write(artifacts, page, data):
            written[page] = digests.of_bytes(data)
    return written


def write_index(
    artifacts: Path, project: Project, history: Mapping[str, Sequence[Mapping[str, Any]]]
) -> None:
    """artifacts/index.html over everything that lies there."""
    known = {
        _way(artifacts / INDEX, path.with_name(render.HTML)): report
        for path, report in published(artifacts)
    }
    refused = [
        (model.name, target, use.refused)
        for model in project.models.values()
        for target, use in model.targets.items()
        if use.refused
    ]
    budgets = {
        found["target"]: (f"{found['target']}/{budget.HTML}", bool(found["accepted"]))
        for found in budget.published(artifacts)
    }
    _write(artifacts, artifacts / INDEX, index.page(known, refused, history, budgets).encode())


def _write(artifacts: Path, path: Path, data: bytes) -> bool:
    """Whether it had to be written: nothing is touched that is as it should be."""
    try:
        if path.read_bytes() == data:
            return False
    except OSError:
        pass
    scratch = artifacts / swap.SCRATCH
    scratch.mkdir(parents=True, exist_ok=True)
    files.write_atomic(path, data, scratch=scratch, mode=0o644)
    return True


def _way(page: Path, other: Path) -> str:
    return quote(os.fsencode(os.path.relpath(other, page.parent)), safe="/,=+@~")
