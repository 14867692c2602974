"""`doit show`: models by targets with their last verdicts; a table where there is room, else a line each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edgebuild.report.read import published
from edgebuild.verbs import Context

if TYPE_CHECKING:
    from rich.table import Table

_MARKS = {
    "accepted": "[green]✓[/]",
    "rejected": "[red]✗ rejected[/]",
    "refused": "[yellow]refused[/]",
    "not built": "[dim]not built[/]",
}


def run(context: Context) -> bool:
    """A table in a terminal that is wide enough for it: cut names would tell nothing apart."""
    from rich.console import Console

    verdicts = _verdicts(context)
    console = Console(file=context.out)
    table = _table(verdicts)
    if context.out.isatty() and Console(width=100_000).measure(table).maximum <= console.width:
        console.print(table)
        return True
    for (model, target), found in verdicts.items():
        for verdict, label in found:
            name = "/".join(filter(None, (model, target, label)))
            word = verdict.upper() if verdict == "rejected" else verdict
            context.say(f"{word:<9}  {name}")
    return True


def _verdicts(context: Context) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """By model and target, sorted: verdict and label of each variant."""
    found = {}
    for model in sorted(context.project.models.values(), key=lambda m: m.name):
        for target, use in sorted(model.targets.items()):
            known = _published(context.root / "artifacts" / target / model.name)
            found[model.name, target] = (
                [("refused", "")] if use.refused else known or [("not built", "")]
            )
    return found


def _published(folder: Path) -> list[tuple[str, str]]:
    """The variants below a model's folder; `doit report` names broken ones."""
    return [
        ("accepted" if report["accepted"] else "rejected", report["label"])
        for _, report in published(folder)
    ]


def _table(verdicts: dict[tuple[str, str], list[tuple[str, str]]]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="models by targets", title_justify="left")
    table.add_column("model", no_wrap=True)
    targets = sorted({target for _, target in verdicts})
    for target in targets:
        table.add_column(target, no_wrap=True)
    for model in dict.fromkeys(model for model, _ in verdicts):
        cells = (
            "\n".join(
                f"{_MARKS[verdict]} {escape(label)}".strip()
                for verdict, label in verdicts.get((model, target), ())
            )
            for target in targets
        )
        table.add_row(model, *cells)
    return table
