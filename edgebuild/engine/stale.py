"""Remove what was published, or rejected, and is not declared any more."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from edgebuild.engine import swap
from edgebuild.engine.pages import REJECTED
from edgebuild.report.read import REPORT
from edgebuild.store import files


def remove(artifacts: Path, home: Path, keep: Collection[Path]) -> None:
    """Every folder with a report below `home` that is not in `keep`; call it within `swap.publishing`."""
    swap.check_way(artifacts, home)
    for report in sorted(home.rglob(REPORT)):
        folder = report.parent
        if folder.name == REJECTED and folder not in keep:
            folder = folder.parent
        if folder in keep or not folder.exists():
            continue
        if any(folder in kept.parents for kept in keep):
            _remove_own(folder)
        else:
            shutil.rmtree(folder)


def _remove_own(folder: Path) -> None:
    """What was published in a folder itself, not in the folders of variants below it."""
    for path in folder.iterdir():
        if path.name == REJECTED or path.is_symlink() or not path.is_dir():
            files.remove(path)
