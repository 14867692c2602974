"""What could explain that an artifact or its source does not answer as it should, and what shows it.

Functions give only causes whose effect they saw in the figures that they are handed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from edgebuild.formats import hypotheses, layers
from edgebuild.formats.hypotheses import Trial
from edgebuild.step import Contract, Metric
from edgebuild.steps import agreement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays: TypeAlias = Mapping[str, NDArray[Any]]

# A change explains an artifact if the source with it agrees with it so much better, and so well.
_RISE_DB, _LEAST_DB = 10.0, 15.0
# Of causes found by trials, those that explain at least so much of what the best one does.
_SHARE = 0.7
_GOOD_DB = 50.0  # a layer that agrees better than this is not what a gate fails for
_LOST = 0.01  # share of a tensor's values beyond what its integers hold
_ANSWERS = ("parity", "quality")
_ALL = (*_ANSWERS, "numeric")


@dataclass(frozen=True, kw_only=True)
class Cause:
    """`about` are the checks whose gates it could explain; `strength` 0..1 orders those found by trials."""

    cause: str
    evidence: str
    about: tuple[str, ...]
    strength: float = 0.0


def best(causes: Iterable[Cause]) -> list[Cause]:
    """The strongest of each sentence, without those far behind the strongest of all."""
    found = sorted(causes, key=lambda c: (-c.strength, len(c.evidence)))
    first: dict[str, Cause] = {}
    for cause in found:
        first.setdefault(cause.cause, cause)
    return [c for c in first.values() if c.strength >= _SHARE * found[0].strength]


def of_artifact(
    tried: Mapping[Trial, Arrays], expected: Arrays, actual: Arrays, contract: Contract
) -> Iterator[Cause]:
    """Trials that answer as the artifact does, where the source does not."""
    before = _agreement(expected, actual)
    for trial, answers in tried.items():
        after = _agreement(answers, actual)
        if _explains(before, after):
            words = hypotheses.words(trial, contract)
            yield Cause(
                cause=words.artifact,
                evidence=f"{words.change} the source agrees with the artifact to {_db(after)}, as it is to"
                f" {_db(before)}",
                about=_ANSWERS,
                strength=_share_db(max(before, -_LEAST_DB), after),
            )


def of_infinities(
    tried: Mapping[Trial, Arrays], expected: Arrays, contract: Contract
) -> Iterator[Cause]:
    """Trials whose answers are finite, where the source's are not."""
    bad, total = _not_finite(expected)
    for trial, answers in tried.items():
        if bad and not _not_finite(answers)[0]:
            words = hypotheses.words(trial, contract)
            yield Cause(
                cause=words.source,
                evidence=f"{words.change} all answers of the source are finite, as it is {bad} of {total}"
                " are not",
                about=_ALL,
                strength=0.5,
            )


def of_quality(
    name: str,
    metric: Metric,
    before: float,
    after: Mapping[Trial, float],
    contract: Contract,
) -> Iterator[Cause]:
    """Trials that are nearer to the truth than the source: by its figure, and by those of the trials."""
    verb = "rises" if metric.better == "higher" else "falls"
    for trial, figure in after.items():
        share = _gain(before, figure, metric)
        if share > 0:
            words = hypotheses.words(trial, contract)
            yield Cause(
                cause=words.source,
                evidence=f"{words.change} quality.{name} of the source {verb} from {_figure(before)} to"
                f" {_figure(figure)}",
                about=_ALL,
                strength=share,
            )


def of_outputs(expected: Arrays, actual: Arrays) -> Iterator[Cause]:
    """Outputs that are there under another name, or with other axes."""
    about = (*_ANSWERS, "contract")
    for name, wanted in expected.items():
        own = actual.get(name)
        before = _sqnr(wanted, own)
        for other, found in actual.items():
            after = _sqnr(wanted, found)
            if other != name and _explains(before, after):
                yield Cause(
                    cause=f"output `{name}` of the source is output `{other}` of the artifact",
                    evidence=f"they agree to {_db(after)}",
                    about=about,
                )
        for axes in ((0, 1, 3, 4, 2), (0, 1, 4, 2, 3), (0, 1, 2, 4, 3)):
            if own is None or own.ndim != len(axes) or own.size != wanted.size:
                continue
            after = _sqnr(wanted, own.transpose(axes).reshape(wanted.shape))
            if _explains(before, after):
                yield Cause(
                    cause=f"output `{name}` of the artifact is transposed",
                    evidence=f"with its axes in the order {[a - 1 for a in axes[1:]]} it agrees with the"
                    f" source's to {_db(after)}",
                    about=about,
                )


def of_calibration(calibration: Arrays, evaluation: Arrays) -> Iterator[Cause]:
    """Inputs whose calibration data are not like the evaluation data: in range, or in smoothness."""
    for name in (name for name in evaluation if name in calibration):
        one, other = (side[name].astype("float64") for side in (calibration, evaluation))
        spread, wanted = float(one.std()), float(other.std())
        parts = []
        if not 0.5 * wanted <= spread <= 2 * wanted:
            parts.append(f"its values deviate by {spread:.3g}, in evaluation by {wanted:.3g}")
        if abs(float(one.mean()) - float(other.mean())) > wanted:
            parts.append(f"their mean is {one.mean():.3g}, in evaluation {other.mean():.3g}")
        near = [_neighbours(values) for values in (one, other)]
        if abs(near[0] - near[1]) > 0.5:
            parts.append(
                f"neighbouring values correlate to {near[0]:.2f}, in evaluation to {near[1]:.2f}"
            )
        if parts:
            yield Cause(
                cause=f"the calibration data of `{name}` are not like the evaluation data",
                evidence="; ".join(parts),
                about=_ALL,
            )


def of_halves(tensors: Sequence[Mapping[str, Any]]) -> Iterator[Cause]:
    """What float16 cannot hold: where that begins."""
    over = next((row for row in tensors if row.get("overflow")), None)
    if over is not None:
        yield Cause(
            cause=f"float16 cannot hold {_what(over)}",
            evidence=f"it reaches {float(over['max_abs']):.6g}, float16 ends at 65504",
            about=_ALL,
        )


def of_integers(tensors: Sequence[Mapping[str, Any]]) -> Iterator[Cause]:
    """What 8 or 16 bits cannot hold: where that is worst."""
    rows = [row for row in tensors if row.get("clipped")]
    worst = max(rows, key=lambda r: float(r["clipped"]) / r["elements"], default=None)
    if worst is not None and worst["clipped"] >= _LOST * worst["elements"]:
        yield Cause(
            cause=f"{_what(worst)} saturates in {worst['type'].lstrip('uint')} bit",
            evidence=f"{worst['clipped'] / worst['elements']:.1%} of its values lie beyond"
            f" {worst['low']:.3g} .. {worst['high']:.3g}, the range of its integers",
            about=_ALL,
        )


def of_layers(inside: Mapping[str, Any]) -> Iterator[Cause]:
    """The source's first layer that is not finite; the layer where most is lost."""
    if first := inside["source_not_finite"]:
        yield Cause(
            cause=f"layer `{first['layer']}` ({first['op']}) of the source gives what is not finite",
            evidence="everything before it is finite",
            about=_ALL,
        )
    rows, keeps = inside["rows"], inside["keeps_db"]
    least = min(keeps - _RISE_DB, _GOOD_DB)
    wrong = [r for r in rows if r["sqnr_db"] is not None and r["sqnr_db"] < least]
    worst = max(wrong, key=lambda r: (layers.loss_db(r, keeps), -r["depth"]), default=None)
    if worst is not None and layers.loss_db(worst, keeps) >= _RISE_DB:
        had = min(worst["input_sqnr_db"], keeps)
        yield Cause(
            cause=f"layer `{worst['layer']}` ({worst['op']}) goes wrong in the artifact",
            evidence=f"it agrees with the source's to {_db(worst['sqnr_db'])}, what it is given to"
            f" {'at least ' if had == keeps else ''}{_db(had)}",
            about=_ANSWERS,
        )


def _agreement(one: Arrays, other: Arrays) -> float:
    """SQNR of the worst output that both have, over the samples that both have."""
    both = [(array, other[name][: len(array)]) for name, array in one.items() if name in other]
    return min((_sqnr(array, found) for array, found in both), default=-math.inf)


def _sqnr(wanted: NDArray[Any], found: NDArray[Any] | None) -> float:
    """-inf where there is nothing to compare with, or `wanted` itself is not finite."""
    if found is None or found.shape != wanted.shape:
        return -math.inf
    figure = agreement.sqnr(wanted, found)
    return -math.inf if math.isnan(figure) else figure


def _explains(before: float, after: float) -> bool:
    """Whether a figure is good, and much better than before."""
    return after >= _LEAST_DB and after != before and after - max(before, -_LEAST_DB) >= _RISE_DB


def _gain(before: float, after: float, metric: Metric) -> float:
    """How much of what was lost a change gives back, 0..1; 0 where that is no more than chance may do.
    Decibels count from 1 dB on, shares from 0.05, errors from a fifth."""
    if not math.isfinite(after):
        return 0.0
    if not math.isfinite(before):
        return 1.0
    if metric.better == "lower":
        return (before - after) / before if before > 0 and after <= 0.8 * before else 0.0
    if metric.unit == "dB":
        return _share_db(before, after) if after - before >= 1 else 0.0
    return (after - before) / max(1 - before, after - before) if after - before >= 0.05 else 0.0


def _share_db(before: float, after: float) -> float:
    """Share of the noise that is gone."""
    return 1 - 10 ** (-(after - before) / 10)


def _not_finite(answers: Arrays) -> tuple[int, int]:
    """How many values are not finite, and how many there are."""
    import numpy as np

    floats = [a for a in answers.values() if a.dtype.kind == "f"]
    return sum(int((~np.isfinite(a)).sum()) for a in floats), sum(a.size for a in floats)


def _neighbours(values: NDArray[Any]) -> float:
    """Correlation of values next to each other along the last axis that has several; 1 of constants."""
    import numpy as np

    axis = next((i for i in reversed(range(1, values.ndim)) if values.shape[i] > 3), None)
    if axis is None:
        return 1.0
    moved = np.moveaxis(values, axis, -1)
    one, other = moved[..., :-1].ravel(), moved[..., 1:].ravel()
    one, other = one - one.mean(), other - other.mean()
    length = math.sqrt(float(one @ one) * float(other @ other))
    return float(one @ other) / length if length else 1.0


def _what(row: Mapping[str, Any]) -> str:
    """A tensor, for what it is."""
    if row.get("kind") == "weight":
        return f"weight `{row['name']}`"
    return f"what layer `{row['layer']}` computes" if row.get("layer") else f"`{row['name']}`"


def _figure(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "no number"


def _db(value: float) -> str:
    if math.isinf(value):
        return "the last bit" if value > 0 else "nothing"
    return f"{value:.1f} dB"
