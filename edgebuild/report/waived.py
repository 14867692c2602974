"""What a build's summary says of waivers: how many gates they hold open, until when, and which are idle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_SHOWN = 3


def lines(documents: Iterable[Mapping[str, Any]]) -> list[str]:
    """At most two, from reports of variants and budgets. A waiver that no variant of its model and target
    needs is idle."""
    held: list[tuple[str, str]] = []
    needed: dict[tuple[str, str], bool] = {}
    for document in documents:
        verdicts = _verdicts(document["findings"])
        place = "/".join(filter(None, (document.get("model", ""), document["target"])))
        for waiver in document["waivers"]:
            metric = waiver["metric"]
            found = verdicts.get(metric, [])
            held += [
                (waiver["expires"], f"{document['name']} {metric}{output}")
                for verdict, output in found
                if verdict == "waived"
            ]
            key = (place, metric)
            holds = all(verdict == "passed" for verdict, _ in found)
            needed[key] = needed.get(key, False) or not holds
    told = []
    if held:
        held.sort()
        count, until = len(held), held[0][0]
        first = f"until {until}" if count == 1 else f"the next until {until}"
        told.append(f"{_gates(count)}, {first} ({_listed([name for _, name in held])})")
    idle = [f"{place} {metric}" for (place, metric), used in needed.items() if not used]
    if idle:
        told.append(
            f"{len(idle)} waiver{'s are' if len(idle) > 1 else ' is'} not needed ({_listed(idle)})"
        )
    return told


def _verdicts(findings: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """Verdict and ` [output]` of each finding, by metric."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in findings:
        output = f" [{one['output']}]" if one.get("output") else ""
        found.setdefault(one["metric"], []).append((one["verdict"], output))
    return found


def _gates(count: int) -> str:
    return f"{count} gate{'s' if count > 1 else ''} waived"


def _listed(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
