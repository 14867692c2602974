"""`doit show`: models by targets with their last verdicts, in a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgebuild.errors import printable
from edgebuild.report.read import published
from edgebuild.verbs import Context

_MARKS = {"accepted": "[green]✓[/]", "rejected": "[red]✗ rejected[/]", "": "[dim]not built[/]"}


def run(context: Context) -> bool:
    from rich.console import Console
    from rich.table import Table

    project = context.project
    table = Table(title="models by targets", title_justify="left")
    table.add_column("model")
    targets = sorted({name for model in project.models.values() for name in model.targets})
    for target in targets:
        table.add_column(target)
    for model in sorted(project.models.values(), key=lambda m: m.name):
        cells = [model.name]
        for target in targets:
            use = model.targets.get(target)
            if use is None:
                cells.append("")
            elif use.refused:
                cells.append("[yellow]refused[/]")
            else:
                cells.append(_cell(context.root / "artifacts" / target / model.name))
        table.add_row(*cells)
    Console(file=context.out).print(table)
    return True


def _cell(folder: Path) -> str:
    """Verdicts of the variants published below a model's folder; `doit report` names broken ones."""
    rows = [
        " ".join((_MARKS["accepted" if report["accepted"] else "rejected"], _label(report))).strip()
        for _, report in published(folder)
    ]
    return "\n".join(rows) or _MARKS[""]


def _label(report: Mapping[str, Any]) -> str:
    from rich.markup import escape

    return escape(printable(report["label"]))
