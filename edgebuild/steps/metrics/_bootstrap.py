"""How far a figure depends on the samples it was measured with: the bootstrap of Efron 1979.

The same samples are drawn again for every set of answers (a paired bootstrap), so that a difference between
source and artifact is judged on equal samples. Intervals are percentiles of the resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edgebuild.step import QUANTILES

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 1000
SEED = 0
_INTERVAL = (0.025, 0.975)


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


def interval(figures: NDArray[Any]) -> tuple[float, float] | None:
    """Where 95 % of them lie."""
    found = quantiles(figures, _INTERVAL)
    return (found[0], found[1]) if found else None


def losses(before: NDArray[Any], after: NDArray[Any], *, higher_is_better: bool) -> NDArray[Any]:
    """By how much `after` is worse than `before`, draw by draw; 0 where both are infinite alike."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        found = before - after if higher_is_better else after - before
    return np.where(before == after, 0.0, found)
