"""How well two arrays agree, and the demand that a rewritten model answers as before."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgebuild.errors import EdgebuildError

if TYPE_CHECKING:
    from numpy.typing import NDArray


_TIES = 0.01


class AgreementError(EdgebuildError):
    """A model that was rewritten and does not answer as before."""


def require(
    expected: Mapping[str, NDArray[Any]],
    actual: Mapping[str, NDArray[Any]],
    *,
    sqnr_db: float,
    what: str,
) -> None:
    """AgreementError, naming the worst output, unless all outputs agree.

    Floats have to agree to `sqnr_db` where `expected` is finite, and be not finite where it is not.
    Of integers and booleans one in a hundred may differ: rounding decides a near tie of an ArgMax
    either way, while a rewrite that is wrong changes them all over.
    """
    figures: dict[str, float] = {}
    for name, array in expected.items():
        found = actual.get(name)
        if found is None or found.shape != array.shape:
            raise AgreementError(f"{what} changed the shape of output `{name}`")
        if array.dtype.kind in "iub" and float((array != found).mean()) <= _TIES:
            figures[name] = math.inf
        else:
            figures[name] = _where_finite(array, found)
    name, worst = min(figures.items(), key=lambda item: item[1])
    sys.stdout.write(f"{what}: {worst:.1f} dB at output {name}\n")
    if not worst >= sqnr_db:
        raise AgreementError(
            f"{what} changed what the model computes",
            fields={"output": name, "sqnr": f"{worst:.1f} dB", "needed": f"{sqnr_db:.0f} dB"},
            hint=_hint(expected[name]),
        )


def _hint(expected: NDArray[Any]) -> str:
    """Whose fault it is: a network that itself answers with no numbers was not fed as it expects."""
    import numpy as np

    if np.isfinite(expected).all():
        return "report it with the model: this is a fault of a tool, not of the manifest"
    return (
        "the model itself answers with values that are not finite: see whether `mean` and `scale` are those"
        " that it expects, (raw - mean) / scale, and the data raw values"
    )


def sqnr(expected: NDArray[Any], actual: NDArray[Any]) -> float:
    """Signal to quantisation noise in dB: 10 log10(sum expected^2 / sum (expected - actual)^2).

    inf where the two are equal, -inf where only `actual` has values that are not finite, NaN where
    `expected` has.
    """
    import numpy as np

    want = expected.astype(np.float64)
    signal = float(np.sum(want**2))
    noise = float(np.sum(_difference(expected, actual) ** 2))
    if not math.isfinite(signal):
        return math.nan
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal and math.isfinite(noise) else -math.inf


def max_abs(expected: NDArray[Any], actual: NDArray[Any]) -> float:
    """Largest absolute difference."""
    return float(_difference(expected, actual).max(initial=0.0))


def mean_abs(expected: NDArray[Any], actual: NDArray[Any]) -> float:
    """Mean absolute difference."""
    return float(_difference(expected, actual).mean())


def cosine(expected: NDArray[Any], actual: NDArray[Any]) -> float:
    """Cosine of the angle between the two as vectors; NaN if `actual` is not finite."""
    import numpy as np

    a, b = expected.astype(np.float64).ravel(), actual.astype(np.float64).ravel()
    if not np.isfinite(b).all():
        return math.nan
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    if length == 0:
        return 1.0 if not a.any() and not b.any() else 0.0
    return float(a @ b) / length


def _where_finite(expected: NDArray[Any], actual: NDArray[Any]) -> float:
    """`sqnr` of the finite values; -inf if the two are not finite in the same places."""
    import numpy as np

    finite = np.isfinite(expected)
    if not (finite == np.isfinite(actual)).all():
        return -math.inf
    return sqnr(expected[finite], actual[finite])


def _difference(expected: NDArray[Any], actual: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    with np.errstate(invalid="ignore"):
        difference = np.abs(expected.astype(np.float64) - actual.astype(np.float64))
    return np.nan_to_num(difference, nan=np.inf, posinf=np.inf)
