"""How sure a figure is: what resamples of the evaluation data say of a limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgebuild.plan.limit_text import amount
from edgebuild.step import QUANTILES, Limit, Measurement

_ROUNDING = 1e-9


def doubt(limit: Limit, m: Measurement, unit: str) -> str:
    """Why a limit with a `confidence` is not proven by a figure that keeps to it; empty if it is.

    The interval leaves out half of what is not sure at each end, so of 95 % it goes from the quantile 0.025
    to 0.975; between two recorded quantiles the outer one counts.
    """
    if limit.confidence is None:
        return ""
    sure = f"{100 * limit.confidence:g} %"
    outside = (1 - limit.confidence) / 2 + _ROUNDING
    low = max(i for i, level in enumerate(QUANTILES) if level <= outside)
    high = min(i for i, level in enumerate(QUANTILES) if level >= 1 - outside)
    for bound, quantiles, above, text in _lines(limit, m):
        if len(quantiles) != len(QUANTILES):
            return f"nothing says how sure it is, and {sure} are asked for"
        end = quantiles[low if above else high]
        if not (end >= bound if above else end <= bound):
            interval = f"{quantiles[low]:.4g}..{quantiles[high]:.4g}"
            what = text.format(amount(bound, unit))
            return f"{what} is not {sure} sure: the interval is {interval}"
    return ""


def told(limit: Limit, m: Measurement, unit: str) -> str:
    """In how many resamples the limit holds, where the check drew such. It changes no verdict: how sure a
    gate has to be is for people to say, by `confidence`."""
    if m.interval is None:
        return ""
    parts = [f"95 % interval {m.interval[0]:.4g}..{m.interval[1]:.4g}"]
    for bound, quantiles, above, text in _lines(limit, m):
        if quantiles:
            share = _share(bound, quantiles, above=above)
            parts.append(f"{text.format(amount(bound, unit))} in {share} of resamples")
    return ", ".join(parts)


def _lines(limit: Limit, m: Measurement) -> Iterator[tuple[float, Sequence[float], bool, str]]:
    """Each bound, the quantiles that it is for, whether it is a lower one, and how it reads."""
    if limit.min is not None:
        yield limit.min, m.quantiles, True, ">= {}"
    if limit.max is not None:
        yield limit.max, m.quantiles, False, "<= {}"
    if limit.max_drop is not None:
        yield limit.max_drop, m.drop_quantiles, False, "drop <= {}"


def _share(bound: float, quantiles: Sequence[float], *, above: bool) -> str:
    """Of resamples that keep to `bound`, as far as quantiles tell: `all`, `at least 99.5 %`, `none`."""
    kept = [q >= bound if above else q <= bound for q in quantiles]
    if not any(kept):
        return "none"
    if all(kept):
        return "all"
    # Of the share at a quantile, all are at most that large: counted from the side that keeps to it.
    held = 1 - QUANTILES[kept.index(True)] if above else QUANTILES[kept.index(False) - 1]
    return f"at least {100 * held:g} %" if held else "hardly any"
