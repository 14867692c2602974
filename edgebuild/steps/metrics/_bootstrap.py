"""How far a figure depends on the samples it was measured with: the bootstrap of Efron 1979.

The same samples are drawn again for every set of answers (a paired bootstrap), so that a difference between
source and artifact is judged on equal samples. Intervals are percentiles of the resamples.

Where all resamples give one figure, as of a network that makes no mistake, they say nothing of how sure it is.
Then it is known what so many samples leave open: of n that are alike, up to a share of 1 - q^(1/n) of all
there are may be others, but for a probability of q (the exact bound of Clopper and Pearson 1934; about
3 / n at 95 %). Those are taken to be as bad as can be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from edgebuild.step import QUANTILES

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 1000
SEED = 0
_INTERVAL = (0.025, 0.975)
_ROUNDING = 1e-12
_HALF = 0.5
_BATCH = 256


def draws(samples: int) -> NDArray[Any]:
    """[1 + RESAMPLES, samples]: how often each sample occurs; first, each once as it is."""
    import numpy as np

    random = np.random.default_rng(SEED)
    resampled = random.multinomial(samples, np.full(samples, 1 / samples), size=RESAMPLES)
    return np.concatenate([np.ones((1, samples), resampled.dtype), resampled])


def quantiles(figures: NDArray[Any], levels: Sequence[float] = QUANTILES) -> tuple[float, ...]:
    """At each of `levels` the least of `figures` that as large a share of them does not exceed; of those
    that are numbers, () if none is."""
    import numpy as np

    known = np.sort(figures[~np.isnan(figures)])
    if not known.size:
        return ()
    places = np.clip(np.ceil(np.asarray(levels) * known.size).astype(int) - 1, 0, None)
    return tuple(map(float, known[places]))


def sure(
    figures: NDArray[Any], worst: float | None, samples: Callable[[], int]
) -> tuple[float, ...]:
    """`quantiles` of resamples; if those are all one figure, and `samples` gives how many there are
    that it was measured on, those of what so many leave open towards `worst`. () if nothing is known."""
    found = quantiles(figures)
    if not found or found[-1] - found[0] > _ROUNDING * max(1.0, abs(found[0])):
        return found
    value, count = found[0], samples()
    if worst is None or not count:
        return ()
    # The half of the levels on the side of what is worse.
    tails = [level if worst < value else 1 - level for level in QUANTILES]
    others = [1 - tail ** (1 / count) if tail < _HALF else 0.0 for tail in tails]
    return tuple(value + (worst - value) * share for share in others)


def interval(found: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % in the middle, of `quantiles`."""
    low, high = map(QUANTILES.index, _INTERVAL)
    return (found[low], found[high]) if found else None


def measurable(score: Callable[[NDArray[Any]], NDArray[Any]], samples: int) -> int:
    """On how many samples, each taken alone, `score` of how often they occur gives a figure."""
    import numpy as np

    found = 0
    for first in range(0, samples, _BATCH):
        alone = np.eye(min(_BATCH, samples - first), samples, first, dtype=np.int64)
        found += int((~np.isnan(score(alone))).sum())
    return found


def losses(before: NDArray[Any], after: NDArray[Any], *, higher_is_better: bool) -> NDArray[Any]:
    """By how much `after` is worse than `before`, draw by draw; 0 where both are infinite alike."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        found = before - after if higher_is_better else after - before
    return np.where(before == after, 0.0, found)
