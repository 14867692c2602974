"""Gates of two reports: whose verdict, or whose limit, is another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edgebuild.report.difference.change import Change, Direction, Report, named

# What is not shown to hold is no better than what is shown not to.
_RANK: Mapping[str, int] = {"passed": 0, "waived": 1, "unproven": 2, "failed": 2}
_NONE = "no gate"


def changes(name: str, before: Report, after: Report) -> Iterator[Change]:
    """A gate that is gone got worse: what it held may fail now, and nobody sees it."""
    old, new = _verdicts(before), _verdicts(after)
    for metric in dict.fromkeys([*old, *new]):
        one, other = old.get(metric, {}), new.get(metric, {})
        if one and other and one.keys() != other.keys():  # by output on one side only
            one, other = _worst(one), _worst(other)
        for output in dict.fromkeys([*one, *other]):
            what = named(metric, output)
            yield from _gate(name, what, one.get(output), other.get(output))


def _gate(name: str, what: str, old: Report | None, new: Report | None) -> Iterator[Change]:
    def change(direction: Direction, before: str, after: str, note: str = "") -> Change:
        return Change(
            variant=name, area="gate", what=what, before=before, after=after,
            direction=direction, note=note, gate=direction == "worse",
        )  # fmt: skip

    if old is None or new is None:
        if old is not None:
            yield change("worse", old["verdict"], _NONE, f"it was {old.get('limit', '')}")
        elif new is not None and _rank(new):
            yield change("worse", _NONE, new["verdict"], new.get("detail", ""))
        elif new is not None:
            yield change("changed", _NONE, new["verdict"], new.get("limit", ""))
        return
    before, after = old["verdict"], new["verdict"]
    if before != after:
        step = _rank(new) - _rank(old)
        direction: Direction = "worse" if step > 0 else "better" if step < 0 else "changed"
        yield change(direction, before, after, new.get("detail", "") if step > 0 else "")
    limits = old.get("limit", ""), new.get("limit", "")
    if limits[0] != limits[1]:
        yield change("changed", *limits, "its limit")


def _rank(finding: Report) -> int:
    return _RANK.get(finding["verdict"], 2)


def _verdicts(report: Report) -> dict[str, dict[str, Report]]:
    """Findings by metric, then by output; of two that judge the same, the worse."""
    found: dict[str, dict[str, Report]] = {}
    for one in report["findings"]:
        of_metric = found.setdefault(one["metric"], {})
        other = of_metric.get(one.get("output", ""), one)
        of_metric[one.get("output", "")] = max(other, one, key=_rank)
    return found


def _worst(findings: Mapping[str, Report]) -> dict[str, Report]:
    return {"": max(findings.values(), key=_rank)}
