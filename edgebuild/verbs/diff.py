"""`doit diff A B [format=json]`: what changed between two builds, releases or reports; regressions first."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence

from edgebuild.errors import EdgebuildError, printable, suggest
from edgebuild.report.difference import Change, Difference, difference
from edgebuild.report.difference.sides import side
from edgebuild.report.figures import number
from edgebuild.verbs import Context

_FORMATS = ("text", "json")
_TITLES = {"worse": "regressions", "better": "improvements", "changed": "changed"}
_STYLES = {"worse": "red", "better": "green", "changed": "yellow"}


def run(context: Context, paths: Sequence[str] = (), format: str | None = None) -> bool:
    """Whether no gate got worse. EdgebuildError unless there are two paths with reports."""
    if len(paths) != 2:
        raise EdgebuildError(
            f"diff compares two, and was given {len(paths)}",
            hint="doit diff A B; each a report.json, `artifacts`, or a folder in it",
        )
    if format is not None and format not in _FORMATS:
        near = suggest(format, _FORMATS)
        raise EdgebuildError(
            f"unknown format `{format}`",
            hint=f"did you mean `{near}`?" if near else f"there are: {', '.join(_FORMATS)}",
        )
    before, after = (side(context.root / path, str(path)) for path in paths)
    found = difference(before, after, context.kinds.metrics())
    if not found.compared:
        raise EdgebuildError(
            "the two have no variant in common",
            fields={"A": ", ".join(before), "B": ", ".join(after)},
            hint="name two reports of one variant each to compare whatever they are",
        )
    if format == "json":
        context.say(json.dumps(found.to_json(), indent=1))
    else:
        _tell(context, found)
    return not found.gates_worse


def _tell(context: Context, found: Difference) -> None:
    from rich.console import Console

    width = shutil.get_terminal_size((120, 40)).columns
    console = Console(file=context.out, width=width, highlight=False)
    for direction, title in _TITLES.items():
        changes = [c for c in found.changes if c.direction == direction]
        if changes:
            console.print(f"[{_STYLES[direction]}]{title}: {len(changes)}[/]")
        for variant in dict.fromkeys(c.variant for c in changes):
            console.print(f"  {_text(variant)}")
            console.print(_table([c for c in changes if c.variant == variant]))
    for which, names in (("A", found.only_before), ("B", found.only_after)):
        if names:
            console.print(f"only in {which}: {_text(', '.join(names))}")
    count = len(found.compared)
    console.print(
        f"{count} variant{'s' if count > 1 else ''} compared"
        f", {found.same_bytes} with the same artifact; {found.equal} figures unchanged"
        f", {found.noise} within noise"
    )
    worse = found.gates_worse
    verdict = f"{worse} gate{'s' if worse > 1 else ''} got worse" if worse else "no gate got worse"
    console.print(f"[{'red' if worse else 'green'}]{verdict}[/]")


def _table(changes: Sequence[Change]) -> object:
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    for _ in range(4):
        table.add_column(overflow="fold")
    for one in changes:
        mark = "[bold]gate[/] " if one.gate else ""
        cells = (_ways(one), _step(one), one.note)
        table.add_row(f"    {mark}{_text(one.what)}", *map(_text, cells))
    return table


def _text(text: str) -> str:
    """What a report says, as text only: neither rich's markup nor commands of a terminal."""
    from rich.markup import escape

    return escape(printable(text))


def _ways(one: Change) -> str:
    before, after = (
        value or "none" if isinstance(value, str) else number(value, one.unit)
        for value in (one.before, one.after)
    )
    return "" if before == after == "none" else f"{before} -> {after}"


def _step(one: Change) -> str:
    """By how much a figure changed: in percent, decibels as they are."""
    if not isinstance(one.before, (int, float)) or not isinstance(one.after, (int, float)):
        return ""
    by = one.after - one.before
    if not math.isfinite(by):  # from or to infinity
        return ""
    if one.unit == "dB" or not one.before:
        return f"{by:+.3g}"
    return f"{100 * by / abs(one.before):+.3g} %"
